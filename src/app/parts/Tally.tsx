/** What came of it: units, chunks, speed and credit by its states; settings; and how others see this account. */
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { joined } from '../join.ts';
import { addressWith } from '../language.ts';
import type { House } from '../house.ts';
import { auditingWords } from '../words/auditing.ts';
import { ownWords } from '../words/own.ts';
import type { Words } from '../words/words.ts';
import { Judged } from './Judged.tsx';
import { Receipts } from './Receipts.tsx';
import { Cores } from './Start.tsx';
import { OrnamentView } from './Weave.tsx';

interface Props {
  readonly w: Words;
  readonly house: House;
}

export function Tally({ w, house }: Props): JSX.Element {
  const { phase, units, chunks, rateMilli, credit, checked, finalWithAnchor } = house.watched.view.value;
  const a = auditingWords[w.language];
  const { tally: t } = ownWords[w.language];
  const between = chunks.final - chunks.provisional;
  return (
    <section aria-labelledby="tally">
      <h2 id="tally">{t.heading}</h2>
      <dl class="tally figures">
        <Figure
          term={t.chunks}
          value={w.f.count(chunks.computed)}
          notes={[`${w.f.count(chunks.committed)} ${t.committed}`, `${w.f.count(chunks.final)} ${t.final}`]}
        />
        <Figure
          term={t.units}
          value={w.f.count(units)}
          notes={checked.audits > 0 ? [a.checked(checked.units)] : []}
        />
        {phase !== 'finished' && phase !== 'stopped' && (
          <Figure
            term={t.rate}
            value={rateMilli === null ? '–' : w.f.tenth(rateMilli / 1000)}
            notes={[rateMilli === null ? t.rateSoon : t.rateUnit]}
          />
        )}
        <Figure
          term={t.credit}
          value={w.f.credit(credit.sessionMicro)}
          notes={[
            t.session,
            `${w.f.credit(credit.pendingMicro)} ${t.pending}`,
            `${w.f.credit(credit.vestedMicro)} ${t.vested}`,
          ]}
        />
      </dl>
      <p class="soft small">
        {joined(
          w.page.creditNote,
          between > 0 && t.withAnchor(finalWithAnchor, between),
          chunks.provisional > 0 && t.provisional(chunks.provisional),
          chunks.lost > 0 && t.lost(chunks.lost),
          checked.audits > 0 && a.note,
        )}
      </p>
      <Judged w={w} house={house} />
      <Receipts w={w} />
    </section>
  );
}

function Figure(props: {
  readonly term: string;
  readonly value: string;
  readonly notes: readonly string[];
}): JSX.Element {
  return (
    <div>
      <dt>{props.term}</dt>
      <dd>
        <span class="figure">{props.value}</span>
        {props.notes.map((note) => (
          <span key={note} class="note soft">
            {note}
          </span>
        ))}
      </dd>
    </div>
  );
}

export function Settings({ w, house }: Props): JSX.Element {
  const { settings: s } = ownWords[w.language];
  const { settings, gpu } = house.watched.view.value;
  const cannot = gpu.state === 'absent' || gpu.state === 'software' || gpu.state === 'failed';
  return (
    <details class="settings">
      <summary>{s.heading}</summary>
      <div class="wishes">
        <p>
          <span class="wish">{w.cost.cores}</span>
          <Cores w={w} house={house} />
        </p>
        <p>
          <label class="wish" for="share">
            {s.share}
          </label>
          <span class="slide">
            <input
              id="share"
              type="range"
              min="10"
              max="100"
              step="10"
              value={Math.round(settings.share * 100)}
              aria-valuetext={w.f.share(settings.share, 1)}
              onChange={(event) => house.configure({ share: Number(event.currentTarget.value) / 100 })}
            />
            <output class="figures">{w.f.share(settings.share, 1)}</output>
          </span>
          <small class="soft">{s.shareNote}</small>
        </p>
        <p>
          <label class="check">
            <input
              type="checkbox"
              checked={settings.gpu && !cannot}
              disabled={cannot}
              onChange={(event) => house.configure({ gpu: event.currentTarget.checked })}
            />
            <span>{s.gpu}</span>
          </label>
          <small class="soft">{s.gpuStates(gpu)}</small>
        </p>
        <Still w={w} house={house} />
      </div>
    </details>
  );
}

/** Whether numbers and cloth stand still. */
function Still({ w, house }: Props): JSX.Element {
  const { settings: s } = ownWords[w.language];
  const { still } = house.watched;
  return (
    <p>
      <label class="check">
        <input
          type="checkbox"
          checked={still.value}
          onChange={(event) => {
            still.value = event.currentTarget.checked;
          }}
        />
        <span>{s.still}</span>
      </label>
      <small class="soft">{s.stillNote}</small>
    </p>
  );
}

/** The account as others see it, and the way to be forgotten. */
export function Me({ w, house }: Props): JSX.Element | null {
  const { account } = house.watched.view.value;
  if (account === null) return null;
  const { me: m } = ownWords[w.language];
  const board = `${addressWith('/leaderboard.html', location.search)}#${account}`;
  return (
    <section class="me" aria-labelledby="me">
      <OrnamentView id={account} label={m.ornament} />
      <div>
        <h2 id="me">{m.heading}</h2>
        <p>
          {m.account} <code>{account}</code>
        </p>
        <p>
          <a href={board}>{m.board}</a>
        </p>
        <Forget w={w} house={house} />
      </div>
    </section>
  );
}

function Forget({ w, house }: Props): JSX.Element {
  const { me: m } = ownWords[w.language];
  const asked = useSignal(false);
  const { phase } = house.watched.view.value;
  const running = phase === 'running' || phase === 'starting' || phase === 'finishing';
  return (
    <div class="forget">
      {asked.value && !running ? (
        <div role="group" aria-labelledby="forget-ask">
          <p id="forget-ask">{m.forgetAsk}</p>
          <p class="actions">
            <button type="button" onClick={() => void house.forget()}>
              {m.forgetYes}
            </button>
            <button
              type="button"
              onClick={() => {
                asked.value = false;
              }}
            >
              {m.forgetNo}
            </button>
          </p>
        </div>
      ) : (
        <button
          type="button"
          class="text"
          disabled={running}
          onClick={() => {
            asked.value = true;
          }}
        >
          {m.forget}
        </button>
      )}
      {running && <p class="soft small">{m.forgetNote}</p>}
      {house.forgotten.value === 'failed' && <p role="alert">{m.forgetFailed}</p>}
    </div>
  );
}
