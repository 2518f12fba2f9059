/** What checking came to on this coordinator, as it stands now. */
import type { ComponentChildren, JSX } from 'preact';
import type { ChecksView } from '../../wire/views.ts';
import type { Words } from '../words/words.ts';
import { timesOf } from './catalogue.ts';
import type { ChecksWords, Rules } from './catalogue.ts';
import { CheckedJobs } from './Policies.tsx';

interface Props {
  readonly w: Words;
  readonly c: ChecksWords;
  readonly view: ChecksView;
}

export function Now({ w, c, view, rules }: Props & { readonly rules: Rules }): JSX.Element {
  const { at, made, auditsByPeople, sharedWithPeople, anchored, waiting, paid, chunks, identities } = view;
  const n = c.now;
  return (
    <section class="now" aria-labelledby="now">
      <h2 id="now">{n.heading}</h2>
      <p class="soft">{n.lede}</p>
      <dl class="figures">
        <Row term={n.audits} says={n.auditsMade(made.audits, made.units, made.mismatches)}>
          {n.byPeople(auditsByPeople, sharedWithPeople, anchored)}
          {n.waiting(waiting.audits, Math.max(0, at - (waiting.since ?? at)))}
        </Row>
        <Row term={n.wrong} says={n.wrongDone(made.voidedChunks, made.suspended, made.banned)} />
        <Row term={n.machines} says={n.tiers(identities.tiers, rules.oneIn)}>
          {n.away(identities.suspended, identities.banned)}
        </Row>
        {paid.redundancy === null ? (
          <Row term={n.paid} says={n.unpaid} />
        ) : (
          <Row
            term={n.paid}
            says={n.paidFor(
              w.f.credit(paid.workMicro),
              w.f.credit(paid.secondMicro),
              w.f.credit(paid.auditMicro),
              w.f.credit(paid.recheckMicro),
              made.secondCopies,
            )}
          >
            <strong>{n.redundancy(c.number(timesOf(paid.redundancy)))}</strong>
          </Row>
        )}
        <Row term={n.chunks} says={n.chunksOpen(chunks.provisional, chunks.final)} />
        <Networks w={w} c={c} view={view} />
        <Providers c={c} view={view} />
      </dl>
      {!anchored && <p class="notice">{n.noAnchor}</p>}
      {view.live.alarm && <p class="notice">{n.alarm}</p>}
      {isShort(view) && <p class="notice">{n.tooFew(view.live.needed, view.live.places)}</p>}
      <CheckedJobs w={w} c={c} view={view} />
    </section>
  );
}

/** Whether some job misses people: one that asks for a single one is told of by nobody being here. */
function isShort({ live }: ChecksView): boolean {
  return live.tooFew && live.needed > 1;
}

function Networks({ w, c, view }: Props): JSX.Element {
  const { people, networks, exempt, largestShare } = view.live;
  const n = c.now;
  if (people === 0) return <Row term={n.networks} says={n.nobody} />;
  return (
    <Row term={n.networks} says={n.here(people, networks)}>
      {exempt > 0 && n.exempt(exempt)}
      {largestShare !== null && people > 1 && n.largest(w.f.share(largestShare, 1))}
    </Row>
  );
}

function Providers({ c, view }: Omit<Props, 'w'>): JSX.Element | null {
  const { people, providers } = view.live;
  const n = c.now;
  if (people === 0) return null;
  if (providers === null) return <Row term={n.providers} says={n.noProviders} />;
  return (
    <Row term={n.providers} says={n.known(providers.known, providers.providers)}>
      {n.placed(providers.needed, providers.places)}
    </Row>
  );
}

function Row(props: {
  readonly term: string;
  readonly says: string;
  readonly children?: ComponentChildren;
}): JSX.Element {
  return (
    <div>
      <dt>{props.term}</dt>
      <dd>{props.says}</dd>
      {[props.children]
        .flat()
        .map((more, i) => (more === undefined || more === false ? null : <dd key={i}>{more}</dd>))}
    </div>
  );
}
