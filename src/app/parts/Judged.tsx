/** What audits found wrong of this machine's answers, with what a person needs to check it; and the way to object. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { JSX } from 'preact';
import type { House } from '../house.ts';
import { joined } from '../join.ts';
import { hasObjected } from '../objected.ts';
import type { Judgement } from '../../volunteer/store.ts';
import type { FindingView } from '../../wire/objections.ts';
import { judgedWords } from '../words/judged.ts';
import { dateMsMax } from '../../volunteer/as-account.ts';
import type { JudgedWords } from '../words/judged.ts';
import type { Words } from '../words/words.ts';
import { Objection } from './Objection.tsx';

/** While an answer is awaited it is asked for so often. */
const askedEachMs = 300_000;

/** What is shown of a finding, whether it was just heard or the coordinator was asked: only then what was claimed is known. */
type Finding = Omit<Judgement, 'consequence'> &
  Pick<FindingView, 'open' | 'objection'> &
  Partial<Pick<FindingView, 'claimed'>>;

interface Props {
  readonly w: Words;
  readonly house: House;
}

/** Everything that was found and is not settled; nothing where nothing was. */
export function Judged({ w, house }: Props): JSX.Element {
  const { judged, reason } = house.watched.view.value;
  const known = useSignal<readonly FindingView[]>([]);
  const isAway = reason?.why === 'suspended' || reason?.why === 'banned';
  const ask = async (): Promise<void> => {
    // Where nobody answers, what was heard is shown all the same.
    known.value = await house
      .own()
      .then(({ findings }) => findings())
      .catch(() => known.value);
  };
  useEffect(() => {
    if (judged === null && !isAway && !hasObjected()) return undefined;
    void ask();
    const timer = setInterval(() => {
      if (hasObjected()) void ask();
    }, askedEachMs);
    return () => clearInterval(timer);
  }, [judged, isAway]);
  const isHeard = known.value.some((one) => judged !== null && isSame(one, judged));
  const found: readonly Finding[] =
    judged === null || isHeard ? known.value : [{ ...judged, open: false, objection: null }, ...known.value];
  return (
    <>
      {found.map((one) => (
        <Notice
          key={keyOf(one)}
          w={w}
          finding={one}
          send={async (text) => {
            const { object } = await house.own();
            await object(one.job, one.chunk, text);
            await ask();
          }}
        />
      ))}
    </>
  );
}

const keyOf = ({
  backend,
  job,
  chunk,
  wrong,
}: Pick<Finding, 'backend' | 'job' | 'chunk' | 'wrong'>): string => [backend, job, chunk, ...wrong].join(' ');

function isSame(one: FindingView, other: Judgement): boolean {
  return keyOf(one) === keyOf(other);
}

function Notice(props: {
  readonly w: Words;
  readonly finding: Finding;
  readonly send: (text: string) => Promise<void>;
}): JSX.Element {
  const { w, finding, send } = props;
  const { backend, wrong, claimed, chunk, job, untilMs, open, objection } = finding;
  const j = judgedWords[w.language];
  return (
    <div class="notice judged">
      <div role="alert">
        <p>
          <strong>{j.heading}</strong>
        </p>
        <p>
          {joined(
            j.what(wrong.length, chunk, job, backend === 'webgpu'),
            untilMs === null ? j.lost : j.meanwhile,
            open ? j.open : untilMs === null ? j.never : j.again(Math.min(untilMs, dateMsMax)),
          )}
        </p>
      </div>
      <p class="small">{joined(j.causes, claimed === null && j.unclaimed, claimed ? j.digests : j.right)}</p>
      <Digests j={j} finding={finding} />
      <Objection w={w} objection={objection} send={send} />
    </div>
  );
}

/** Of each unit what was claimed, as far as it is known, and what is right. */
function Digests(props: { readonly j: JudgedWords; readonly finding: Finding }): JSX.Element {
  const { j, finding } = props;
  const { job, wrong, claimed, right } = finding;
  return (
    <ul class="small digests">
      {wrong.map((unit, i) => (
        <li key={unit}>
          <code>{`${job} ${unit}`}</code>
          {claimed?.[i] !== undefined && (
            <div>
              {j.wasClaimed} <code>{claimed[i]}</code>
            </div>
          )}
          <div>
            {j.isRight} <code>{right[i]}</code>
          </div>
        </li>
      ))}
    </ul>
  );
}
