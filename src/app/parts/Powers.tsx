/** Writes `2^61 − 1` the way mathematics does, in any text that people see. */
import type { JSX } from 'preact';

/** The text with everything after a `^` raised. */
export function Powers(props: { readonly text: string }): JSX.Element {
  const parts = props.text.split(/\^(\d+(?:[.,]\d+)*)/);
  return <>{parts.map((part, i) => (i % 2 === 1 ? <sup key={i}>{part}</sup> : part))}</>;
}
