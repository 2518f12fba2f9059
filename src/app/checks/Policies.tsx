/** What a requester can choose, with its price and what it leaves open; and what the open jobs chose. */
import type { JSX } from 'preact';
import { joined } from '../join.ts';
import { Powers } from '../parts/Powers.tsx';
import type { CheckedJobView, ChecksView, PolicyView } from '../../wire/views.ts';
import type { Words } from '../words/words.ts';
import { oneIn, timesOf } from './catalogue.ts';
import type { ChecksWords, Rules } from './catalogue.ts';

interface Props {
  readonly w: Words;
  readonly c: ChecksWords;
  readonly view: ChecksView;
}

/** The share of hostile computing for which one bound is told where there is room for one only. */
const usualHostile = 0.2;

export function Policies({ w, c, view, rules }: Props & { readonly rules: Rules }): JSX.Element {
  return (
    <section class="policies" aria-labelledby="policies">
      <h2 id="policies">{c.policies.heading}</h2>
      <p>{c.policies.lede}</p>
      <ul>
        {view.offers.map((policy) => (
          <li key={policy.kind}>
            <div>
              <h3>{c.policies.name(policy.kind, policy.quorum)}</h3>
              <p>{c.policies.says(policy.kind, rules)}</p>
            </div>
            <dl>
              <div>
                <dt>{c.policies.price}</dt>
                <dd>
                  <Price c={c} policy={policy} />
                </dd>
              </div>
              <div>
                <dt>{c.policies.open}</dt>
                <dd>
                  <Open w={w} c={c} policy={policy} />
                </dd>
              </div>
            </dl>
          </li>
        ))}
      </ul>
      <p class="soft small">{c.policies.priceNote(view.unitMicro / 1000, rules)}</p>
    </section>
  );
}

type Of = Pick<Props, 'w' | 'c'> & { readonly policy: PolicyView };

function Price({ c, policy }: Omit<Of, 'w'>): JSX.Element {
  const { prices } = policy;
  const [first] = prices;
  if (first !== undefined && prices.every(({ times }) => times === first.times))
    return <>{c.policies.priceFlat(c.number(timesOf(first.times)))}</>;
  return (
    <ul class="plain figures">
      {prices.map(({ staySeconds, times }) => (
        <li key={staySeconds}>{c.policies.priceBy(c.number(timesOf(times)), staySeconds * 1000)}</li>
      ))}
    </ul>
  );
}

function Open({ w, c, policy }: Of): JSX.Element {
  const { kind, risks, terms } = policy;
  if (risks.length === 0) return <>{c.policies.openAll}</>;
  return (
    <>
      {kind === 'certify' && <p>{c.policies.openLeftOut}</p>}
      <ul class="plain figures">
        {risks.map(({ hostile, share }) => (
          <li key={hostile}>
            {terms === null
              ? c.policies.openChunks(w.f.share(hostile, 1), w.f.share(share, 1))
              : c.policies.openUnits(w.f.share(hostile, 1), c.number(oneIn(share)))}
          </li>
        ))}
      </ul>
      {terms === null && <p class="soft small">{c.policies.openChunksNote}</p>}
    </>
  );
}

/** The open jobs, each with its policy and its bound. */
export function CheckedJobs({ w, c, view }: Props): JSX.Element {
  const terms = view.jobs.find(({ policy }) => policy.terms !== null)?.policy.terms ?? null;
  return (
    <section class="checked" aria-labelledby="jobs">
      <h3 id="jobs">{c.jobs.heading}</h3>
      {view.jobs.length === 0 ? (
        <p>{c.jobs.none}</p>
      ) : (
        <ul class="plain">
          {view.jobs.map((job) => (
            <CheckedJob key={job.job} w={w} c={c} job={job} />
          ))}
        </ul>
      )}
      {terms !== null && <p class="soft small">{c.jobs.boundNote(w.f.share(terms.anchors, 1))}</p>}
    </section>
  );
}

function CheckedJob(props: Pick<Props, 'w' | 'c'> & { readonly job: CheckedJobView }): JSX.Element {
  const { w, c, job } = props;
  const { policy } = job;
  const { title } = job.texts?.[w.language] ?? job;
  return (
    <li>
      <strong>
        <Powers text={title} />
      </strong>
      <p>
        <span class="policy">{c.policies.name(policy.kind, policy.quorum)}</span>{' '}
        <span class="soft figures">{c.jobs.progress(job.provisional, job.final, job.chunks)}</span>
      </p>
      <p class="figures">{promiseOf(w, c, job)}</p>
    </li>
  );
}

function promiseOf(w: Words, c: ChecksWords, { policy, units }: CheckedJobView): string {
  const { kind, terms, quorum, risks } = policy;
  if (kind === 'none') return c.jobs.unchecked;
  if (kind === 'certify' && terms === null) return c.jobs.certified;
  if (terms === null) return c.jobs.voted(quorum);
  const risk = risks.find(({ hostile }) => hostile === usualHostile);
  const window = c.jobs.terms(terms.windowUnits, terms.leaverUnits);
  const rule = kind === 'certify' ? joined(c.jobs.certifiedToo, window) : window;
  if (risk === undefined) return rule;
  const wrong = risk.share * units < 1 ? 0 : Math.ceil(risk.share * units);
  const bound = c.jobs.bound(w.f.share(risk.hostile, 1), c.number(oneIn(risk.share)), wrong, units);
  return joined(rule, bound);
}
