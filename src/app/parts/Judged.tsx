/** What audits found wrong of this machine's answers, with what a person needs to check it or to object. */
import type { JSX } from 'preact';
import { joined } from '../join.ts';
import type { Judgement } from '../../volunteer/store.ts';
import { judgedWords } from '../words/judged.ts';
import type { Words } from '../words/words.ts';

export function Judged(props: { readonly w: Words; readonly judged: Judgement }): JSX.Element {
  const { backend, wrong, right, chunk, job, untilMs } = props.judged;
  const j = judgedWords[props.w.language];
  return (
    <div class="notice" role="alert">
      <p>
        <strong>{j.heading}</strong>
      </p>
      <p>
        {joined(
          j.what(wrong.length, chunk, job, backend === 'webgpu'),
          j.meanwhile,
          untilMs === null ? j.never : j.again(untilMs),
        )}
      </p>
      <p class="small">{joined(j.causes, j.right)}</p>
      <ul class="small digests">
        {wrong.map((unit, i) => (
          <li key={unit}>
            <code>{`${job} ${unit} ${right[i] ?? ''}`}</code>
          </li>
        ))}
      </ul>
    </div>
  );
}
