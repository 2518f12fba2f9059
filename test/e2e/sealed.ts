/** What a story of epochs needs: the clock moved until one is sealed, somebody's row and proof looked at in the page, and the command beside it. */
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Page } from 'playwright-core';
import { rewardWords } from '../../src/app/words/rewards.ts';
import type { Claim, EpochsView } from '../../src/wire/epochs.ts';
import { freshFolder, holds } from './house.ts';
import type { House } from './house.ts';
import type { Person } from './person.ts';

const r = rewardWords.en;
/** A coordinator, by its address. */
type Told = Pick<House, 'door'>;
const cli = join(import.meta.dirname, '../../src/cli.ts');

/** Runs `talka …` as a program of its own. */
export function talka(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<{ readonly code: number | null; readonly out: string }> {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', cli, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  let out = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (data: Buffer) => (out += String(data)));
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, out })));
}

export async function epochsOf({ door }: Told): Promise<EpochsView> {
  return (await (await fetch(`${door.url}/api/epochs`)).json()) as EpochsView;
}

/** The coordinator, which seals by itself, has its clock moved until it has sealed epoch `number`. */
export async function sealedBySchedule(
  house: Pick<House, 'door' | 'passMs'>,
  number: number,
  ms: number,
): Promise<void> {
  house.passMs(ms);
  await holds(
    `epoch ${number} is sealed`,
    async () => (await epochsOf(house)).epochs.length >= number,
    30_000,
  );
}

/** The person opens the reward page in their own browser and finds their row there; gives back what the coordinator says of it. */
export async function findsOwnRow(
  { page }: Person,
  house: Told,
  account: string,
  number: number,
): Promise<Claim> {
  await page.goto(`${house.door.url}/rewards.html?lang=en`);
  await page.getByRole('button', { name: r.own.find }).click();
  await page.getByText(`(${r.own.mine})`).waitFor();
  return seesRow(page, house, account, number);
}

/** The row is there, every step of its proof holds, and every hash of it is shown. */
export async function seesRow(page: Page, house: Told, account: string, number: number): Promise<Claim> {
  await page.locator('.epoch-row').waitFor();
  const said = (await page.locator('section.own').textContent()) ?? '';
  for (const part of [account, r.row.heading(number), r.proof.ours]) expect(said).toContain(part);
  expect(await page.locator('.epoch-row .verdict').textContent()).toBe(r.proof.holds);
  expect(await page.locator('.epoch-row .step-holds').count()).toBe(4);
  const path = `/api/epochs/${number}/rows/${account}`;
  const claim = JSON.parse(Buffer.from(await house.door.bytes(path)).toString()) as Claim;
  expect(said).toContain(claim.epoch.root);
  for (const hash of claim.proof) expect(said).toContain(hash);
  return claim;
}

export interface EpochFiles {
  readonly epoch: string;
  readonly rows: string;
  readonly claim: string;
  /** The log's public records, as `talka rebuild --save` keeps them. */
  readonly records: string;
}

/** What anybody may download of an epoch and of an account's row there, as files. */
export async function downloaded(house: Told, number: number, account: string): Promise<EpochFiles> {
  const folder = freshFolder();
  const save = async (name: string, path: string): Promise<string> => {
    writeFileSync(join(folder, name), await house.door.bytes(path));
    return join(folder, name);
  };
  const records = join(folder, 'records.jsonl');
  const rebuilt = await talka(['rebuild', '--url', house.door.url, '--save', records]);
  expect(rebuilt.code, rebuilt.out).toBe(0);
  return {
    epoch: await save(`epoch-${number}.json`, `/api/epochs/${number}`),
    rows: await save(`epoch-${number}-rows.csv`, `/api/epochs/${number}/rows.csv`),
    claim: await save('proof.json', `/api/epochs/${number}/rows/${account}`),
    records,
  };
}

/** The command says yes to all of it, and names the file in which somebody changed something. */
export async function provenByCommand(files: EpochFiles, coordinator: string): Promise<void> {
  const all = [files.epoch, files.rows, files.records, files.claim];
  const whole = await talka(['epoch', 'verify', ...all, `--coordinator=${coordinator}`]);
  expect(whole.code, whole.out).toBe(0);
  expect(whole.out).toContain('is rebuilt from its files, word for word');
  expect(whole.out).toContain('vest exactly these credits; the log seals this very epoch');
  expect(whole.out).toContain('yes: proof.json: ');
  const rows = readFileSync(files.rows, 'utf8');
  // One microcredit more for the first in the list.
  const bent = rows.replace(/,(\d+)\n(?!index)(?=\d|$)/, (_, amount: string) => `,${BigInt(amount) + 1n}\n`);
  expect(bent).not.toBe(rows);
  writeFileSync(files.rows, bent);
  const tampered = await talka(['epoch', 'verify', ...all]);
  writeFileSync(files.rows, rows);
  expect(tampered.code, tampered.out).toBe(1);
  expect(tampered.out).toMatch(/^no: epoch-\d+-rows\.csv: row 0, \S+: the amount is/);
}
