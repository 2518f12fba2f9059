/** An epoch's credit by the partner sites that brought it; nothing where none did. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { JSX } from 'preact';
import type { Words } from '../words/words.ts';
import type { EpochFile } from '../../wire/epochs.ts';
import { exactly } from './catalogue.ts';
import type { RewardWords } from './catalogue.ts';
import { siteNames } from './model.ts';

export function Sites(props: {
  readonly w: Words;
  readonly r: RewardWords;
  readonly epoch: EpochFile;
}): JSX.Element | null {
  const { w, r, epoch } = props;
  const names = useSignal<ReadonlyMap<string, string>>(new Map());
  const some = epoch.sites.some(({ site }) => site !== null);
  useEffect(() => {
    if (some)
      void siteNames().then((found) => {
        names.value = found;
      });
  }, [some]);
  if (!some) return null;
  const total = Number(epoch.totalMicro);
  return (
    <section class="sites" aria-labelledby="sites">
      <h3 id="sites">{r.sites.heading}</h3>
      <div class="scrolls" tabIndex={0} role="group" aria-labelledby="sites">
        <table class="figures">
          <caption>{r.sites.note(epoch.number)}</caption>
          <thead>
            <tr>
              <th scope="col">{r.sites.site}</th>
              <th scope="col">{r.sites.credit}</th>
              <th scope="col">{r.sites.share}</th>
            </tr>
          </thead>
          <tbody>
            {epoch.sites
              .toSorted((a, b) => Number(b.creditMicro) - Number(a.creditMicro))
              .map(({ site, creditMicro }) => (
                <tr key={site}>
                  <th scope="row">{site === null ? r.sites.none : (names.value.get(site) ?? site)}</th>
                  <td>{exactly(w.language, creditMicro)}</td>
                  <td>{w.f.share(Number(creditMicro), total)}</td>
                </tr>
              ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
