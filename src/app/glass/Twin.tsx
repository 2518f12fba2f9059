/** What is in view as a table: single chunks with their states, or the shares of each stretch of the cloth. */
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import type { Words } from '../words/words.ts';
import { partsOf } from './glance.ts';
import type { Look } from './model.ts';
import { glassWords } from './words.ts';

/** Up to so many chunks are told one by one; more are told in twelve stretches. */
const singlyMax = 48;
const stretches = 12;
const states = ['free', 'leased', 'committed', 'final'] as const;

export function Twin(props: { readonly w: Words; readonly look: Look }): JSX.Element {
  const { w, look } = props;
  const g = glassWords[w.language];
  const open = useSignal(false);
  return (
    <details
      class="twin"
      onToggle={(event) => {
        open.value = event.currentTarget.open;
      }}
    >
      <summary>
        <span class="twin-name">{g.table}</span>
      </summary>
      {open.value && (
        // Letters may be large and room little: then the table moves, and not the page.
        <div class="scrolls" role="group" aria-label={g.table} tabIndex={0}>
          <table class="figures">
            <caption>{g.caption(look.from + 1, look.to)}</caption>
            {look.each === 1 && look.to - look.from <= singlyMax ? (
              <Singly w={w} look={look} />
            ) : (
              <Stretches w={w} look={look} />
            )}
          </table>
        </div>
      )}
    </details>
  );
}

function Singly({ w, look }: { readonly w: Words; readonly look: Look }): JSX.Element {
  const g = glassWords[w.language];
  return (
    <>
      <thead>
        <tr>
          <th scope="col">{g.chunks}</th>
          <th scope="col">{g.state}</th>
        </tr>
      </thead>
      <tbody>
        {Array.from({ length: look.to - look.from }, (_, i) => look.from + i).map((chunk) => {
          const state = look.stateOf(chunk);
          return (
            <tr key={chunk}>
              <th scope="row">{w.f.whole(chunk + 1)}</th>
              <td>{state === null ? g.lookingUp : w.states[state]}</td>
            </tr>
          );
        })}
      </tbody>
    </>
  );
}

function Stretches({ w, look }: { readonly w: Words; readonly look: Look }): JSX.Element {
  const g = glassWords[w.language];
  return (
    <>
      <thead>
        <tr>
          <th scope="col">{g.chunks}</th>
          {states.map((state) => (
            <th key={state} scope="col">
              {w.states[state]}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {partsOf(look.from, look.to, stretches).map(([from, to]) => {
          const shares = look.sharesOf(from, to);
          return (
            <tr key={from}>
              <th scope="row">{g.range(from + 1, to)}</th>
              {states.map((state) => (
                <td key={state}>{shares === null ? '…' : w.f.share(shares[state], 1)}</td>
              ))}
            </tr>
          );
        })}
      </tbody>
    </>
  );
}
