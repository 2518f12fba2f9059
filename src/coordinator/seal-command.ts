/** `talka epoch seal`: has a running coordinator seal the open period, and keeps the files if that is wanted. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readEpoch } from '../wire/epochs.ts';
import { isMalformed } from '../wire/schema.ts';
import { fileNames } from './epochs.ts';

export interface SealOptions {
  readonly url: string;
  readonly token: string;
  /** ms since 1970; null: now. */
  readonly until: number | null;
  /** null: as much as vested. */
  readonly budgetMicro: bigint | null;
  /** Where the files go; null: they stay with the coordinator. */
  readonly folder: string | null;
}

/** Exit code 0: sealed; 1: refused, or nobody answers. */
export async function runSealing({ url, token, until, budgetMicro, folder }: SealOptions): Promise<number> {
  const complain = (why: string): 1 => {
    process.stderr.write(`talka: ${why}\n`);
    return 1;
  };
  const wish = {
    ...(until === null ? {} : { until }),
    ...(budgetMicro === null ? {} : { budgetMicro: String(budgetMicro) }),
  };
  try {
    const response = await fetch(`${url}/api/operator/epochs`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(wish),
    });
    const said = (await response.json()) as { refused?: string; detail?: string };
    if (!response.ok)
      return complain(`nothing was sealed: ${said.detail ?? said.refused ?? response.status}`);
    const epoch = readEpoch(said);
    if (isMalformed(epoch)) return complain(`the answer cannot be read: ${epoch.malformed}`);
    process.stdout.write(
      `epoch ${epoch.number} is sealed: ${epoch.accounts} rows, ticks ${epoch.from} to ${epoch.to - 1}, root ${epoch.root}\n`,
    );
    const names = fileNames(epoch.number);
    const files = [
      [names.json, `/api/epochs/${epoch.number}`],
      [names.csv, `/api/epochs/${epoch.number}/rows.csv`],
    ] as const;
    for (const [name, path] of files) {
      if (folder === null) process.stdout.write(`  ${url}${path}\n`);
      else {
        mkdirSync(folder, { recursive: true });
        writeFileSync(join(folder, name), await (await fetch(`${url}${path}`)).text());
        process.stdout.write(`  ${join(folder, name)}\n`);
      }
    }
    return 0;
  } catch (error) {
    return complain(`${url} does not answer: ${error instanceof Error ? error.message : String(error)}`);
  }
}
