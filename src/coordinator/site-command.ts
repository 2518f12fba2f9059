/** `talka site`: adds, lists, suspends and resumes partners' sites at a running coordinator, by its operator's HTTP API. */
import type { SiteView } from '../wire/views.ts';

export const siteVerbs = ['add', 'list', 'suspend', 'resume'] as const;
export type SiteVerb = (typeof siteVerbs)[number];

/** Does it and prints what came of it. The exit code: 0, or 1 with what the coordinator said. */
export async function runSites(
  verb: SiteVerb,
  what: readonly string[],
  url: string,
  token: string,
): Promise<number> {
  try {
    for (const line of await linesOf(verb, what, url, token)) process.stdout.write(`${line}\n`);
    return 0;
  } catch (error) {
    process.stderr.write(`talka: ${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
}

async function linesOf(
  verb: SiteVerb,
  what: readonly string[],
  url: string,
  token: string,
): Promise<string[]> {
  const call = async (path: string, body?: object): Promise<unknown> => {
    const response = await fetch(`${url}/api/operator/sites${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { authorization: `Bearer ${token}` },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const said: unknown = await response.json().catch(() => null);
    if (!response.ok) throw new Error(reasonIn(said) ?? `${url} answered ${response.status}`);
    return said;
  };
  switch (verb) {
    case 'add': {
      const site = (await call('', { origins: what })) as SiteView;
      return [
        lineOf(site),
        '',
        'One line of HTML shows the widget on its pages (docs/EMBEDDING.md):',
        `  <script async src="${url}/embed/v1.js" data-site="${site.key}"></script>`,
      ];
    }
    case 'list': {
      const { sites } = (await call('')) as { sites: SiteView[] };
      return sites.length === 0 ? ['no sites yet'] : sites.map(lineOf);
    }
    case 'suspend':
    case 'resume': {
      const lines: string[] = [];
      for (const key of what)
        lines.push(lineOf((await call(`/${encodeURIComponent(key)}/${verb}`, {})) as SiteView));
      return lines;
    }
    default:
      return verb satisfies never;
  }
}

function lineOf({ key, state, origins }: SiteView): string {
  return `${key}  ${state.padEnd(9)}  ${origins.join(' ')}`;
}

function reasonIn(refusal: unknown): string | null {
  if (typeof refusal !== 'object' || refusal === null || !('refused' in refusal)) return null;
  const detail = 'detail' in refusal ? `: ${String(refusal.detail)}` : '';
  return `${String(refusal.refused)}${detail}`;
}
