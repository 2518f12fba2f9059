/** What came of it: units, chunks, speed and credit by its states; settings; and how others see this account. */
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { joined } from '../join.ts';
import { addressWith } from '../language.ts';
import type { House } from '../house.ts';
import { auditingWords } from '../words/auditing.ts';
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
  const between = chunks.final - chunks.provisional;
  return (
    <section aria-labelledby="tally">
      <h2 id="tally">{w.tally.heading}</h2>
      <dl class="tally figures">
        <Figure
          term={w.tally.chunks}
          value={w.f.count(chunks.computed)}
          notes={[
            `${w.f.count(chunks.committed)} ${w.tally.committed}`,
            `${w.f.count(chunks.final)} ${w.tally.final}`,
          ]}
        />
        <Figure
          term={w.tally.units}
          value={w.f.count(units)}
          notes={checked.audits > 0 ? [a.checked(checked.units)] : []}
        />
        {phase !== 'finished' && phase !== 'stopped' && (
          <Figure
            term={w.tally.rate}
            value={rateMilli === null ? '–' : w.f.tenth(rateMilli / 1000)}
            notes={[rateMilli === null ? w.tally.rateSoon : w.tally.rateUnit]}
          />
        )}
        <Figure
          term={w.tally.credit}
          value={w.f.credit(credit.sessionMicro)}
          notes={[
            w.tally.session,
            `${w.f.credit(credit.pendingMicro)} ${w.tally.pending}`,
            `${w.f.credit(credit.vestedMicro)} ${w.tally.vested}`,
          ]}
        />
      </dl>
      <p class="soft small">
        {joined(
          w.tally.creditNote,
          between > 0 && w.tally.withAnchor(finalWithAnchor, between),
          chunks.provisional > 0 && w.tally.provisional(chunks.provisional),
          chunks.lost > 0 && w.tally.lost(chunks.lost),
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
  const { settings, gpu } = house.watched.view.value;
  const { still } = house.watched;
  const cannot = gpu.state === 'absent' || gpu.state === 'software' || gpu.state === 'failed';
  return (
    <details class="settings">
      <summary>{w.settings.heading}</summary>
      <div class="wishes">
        <p>
          <span class="wish">{w.cost.cores}</span>
          <Cores w={w} house={house} />
        </p>
        <p>
          <label class="wish" for="share">
            {w.settings.share}
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
          <small class="soft">{w.settings.shareNote}</small>
        </p>
        <p>
          <label class="check">
            <input
              type="checkbox"
              checked={settings.gpu && !cannot}
              disabled={cannot}
              onChange={(event) => house.configure({ gpu: event.currentTarget.checked })}
            />
            <span>{w.settings.gpu}</span>
          </label>
          <small class="soft">{w.settings.gpuStates(gpu)}</small>
        </p>
        <p>
          <label class="check">
            <input
              type="checkbox"
              checked={still.value}
              onChange={(event) => {
                still.value = event.currentTarget.checked;
              }}
            />
            <span>{w.settings.still}</span>
          </label>
          <small class="soft">{w.settings.stillNote}</small>
        </p>
      </div>
    </details>
  );
}

/** The account as others see it, and the way to be forgotten. */
export function Me({ w, house }: Props): JSX.Element | null {
  const { account } = house.watched.view.value;
  if (account === null) return null;
  const board = `${addressWith('/leaderboard.html', location.search)}#${account}`;
  return (
    <section class="me" aria-labelledby="me">
      <OrnamentView id={account} label={w.me.ornament} />
      <div>
        <h2 id="me">{w.me.heading}</h2>
        <p>
          {w.me.account} <code>{account}</code>
        </p>
        <p>
          <a href={board}>{w.me.board}</a>
        </p>
        <Forget w={w} house={house} />
      </div>
    </section>
  );
}

function Forget({ w, house }: Props): JSX.Element {
  const asked = useSignal(false);
  const { phase } = house.watched.view.value;
  const running = phase === 'running' || phase === 'starting' || phase === 'finishing';
  return (
    <div class="forget">
      {asked.value && !running ? (
        <div role="group" aria-labelledby="forget-ask">
          <p id="forget-ask">{w.me.forgetAsk}</p>
          <p class="actions">
            <button type="button" onClick={() => void house.forget()}>
              {w.me.forgetYes}
            </button>
            <button
              type="button"
              onClick={() => {
                asked.value = false;
              }}
            >
              {w.me.forgetNo}
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
          {w.me.forget}
        </button>
      )}
      {running && <p class="soft small">{w.me.forgetNote}</p>}
      {house.forgotten.value === 'failed' && <p role="alert">{w.me.forgetFailed}</p>}
    </div>
  );
}
