/** How answers are checked, step by step: each a picture and what there is to say of it. */
import type { ComponentChildren, JSX } from 'preact';
import type { ChecksWords, Rules, Told } from './catalogue.ts';
import {
  AnchorPicture,
  DrawnPicture,
  PeoplePicture,
  ProofPicture,
  WindowPicture,
  WrongPicture,
} from './Pictures.tsx';

export function Story(props: { readonly c: ChecksWords; readonly rules: Rules }): JSX.Element {
  const { c, rules } = props;
  return (
    <div class="story">
      <Step id="drawn" told={c.drawn(rules)}>
        <DrawnPicture />
      </Step>
      <Step id="window" told={c.window(rules)}>
        <WindowPicture />
      </Step>
      <Step id="wrong" told={c.wrong(rules)}>
        <WrongPicture />
      </Step>
      <Step id="anchor" told={c.anchor(rules)}>
        <AnchorPicture />
      </Step>
      <Step id="people" told={c.people()}>
        <PeoplePicture />
      </Step>
      <Step id="proof" told={c.proof()}>
        <ProofPicture />
      </Step>
    </div>
  );
}

function Step(props: {
  readonly id: string;
  readonly told: Told;
  readonly children: ComponentChildren;
}): JSX.Element {
  const { id, told, children } = props;
  return (
    <section class="step" aria-labelledby={id}>
      <div>
        <h2 id={id}>{told.heading}</h2>
        {told.says.map((said) => (
          <p key={said}>{said}</p>
        ))}
      </div>
      <figure>
        {children}
        <figcaption>{told.shows}</figcaption>
      </figure>
    </section>
  );
}
