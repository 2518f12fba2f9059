/** `talka epoch verify`: rebuilds an epoch from its files, and says yes or names the first difference. */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { claimForm, epochForm } from '../wire/epochs.ts';
import { examineClaim, rebuildEpoch } from './epoch-check.ts';
import { holdAgainst } from './epoch-records.ts';

interface Laid {
  readonly name: string;
  readonly text: string;
}

/** What a file is, by what is in it. */
function kindOf(text: string): 'epoch' | 'claim' | 'rows' | 'records' | null {
  if (text.startsWith('index,')) return 'rows';
  if (text.startsWith('{"v":1,"tick":')) return 'records';
  if (text.includes(`"${claimForm}"`)) return 'claim';
  return text.includes(`"${epochForm}"`) ? 'epoch' : null;
}

/** Checks what is laid down. Exit code 0: it holds; 1: something does not; 2: there is nothing to check. */
export async function verifyEpochFiles(
  files: readonly string[],
  coordinator: string | null,
): Promise<number> {
  const laid = new Map<string, Laid>();
  for (const file of files) {
    let text: string;
    try {
      text = readFileSync(file, 'utf8');
    } catch (error) {
      return complain(`${file} cannot be read: ${error instanceof Error ? error.message : ''}`);
    }
    const kind = kindOf(text);
    if (kind === null) return complain(`${file} is no file of an epoch`);
    if (laid.has(kind)) return complain(`${file}: one epoch at a time; there is a file of this kind already`);
    laid.set(kind, { name: basename(file), text });
  }
  const [epoch, rows, claim] = ['epoch', 'rows', 'claim'].map((kind) => laid.get(kind));
  if ((epoch === undefined) !== (rows === undefined))
    return complain(
      `an epoch is rebuilt from two files; ${epoch === undefined ? 'epoch-N.json' : 'epoch-N-rows.csv'} is missing`,
    );
  if (epoch === undefined && claim === undefined)
    return complain('there is no epoch and no claim among them');
  const code =
    epoch === undefined || rows === undefined
      ? 0
      : await wholeEpoch(epoch, rows, laid.get('records'), coordinator);
  return code === 0 && claim !== undefined ? oneClaim(claim, epoch, coordinator) : code;
}

function complain(why: string): 2 {
  process.stderr.write(`talka: ${why}\n`);
  return 2;
}

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const credits = (micro: string | bigint): string => {
  const text = String(micro).padStart(7, '0');
  return `${text.slice(0, -6)}.${text.slice(-6)}`;
};

async function wholeEpoch(
  epoch: Laid,
  rows: Laid,
  records: Laid | undefined,
  coordinator: string | null,
): Promise<number> {
  const found = await rebuildEpoch({ json: epoch.text, csv: rows.text }, coordinator);
  if (!found.holds) {
    say(`no: ${(found.file === 'epoch' ? epoch : rows).name}: ${found.says}`);
    return 1;
  }
  const { number, accounts, totalMicro, budgetMicro, sharedMicro, root, from, to } = found.epoch;
  say(`yes: epoch ${number} is rebuilt from its files, word for word`);
  say(
    `     ${accounts} ${accounts === 1 ? 'row' : 'rows'}: ${credits(sharedMicro)} of a budget of ${credits(budgetMicro)}, for ${credits(totalMicro)} credits that vested in ticks ${from} to ${to - 1}`,
  );
  say(`     root ${root}`);
  say(
    `     signed by ${found.epoch.coordinator}${coordinator === null ? ': compare it with the key you know' : ', the key that was expected'}`,
  );
  if (records === undefined) {
    say(
      '     that the credits are what the log vested is the coordinator’s word here; with the log’s public records it is shown:',
    );
    say('     talka rebuild --url URL --save records.jsonl, then lay records.jsonl beside these');
    return 0;
  }
  const lines = records.text.split('\n').filter((line) => line !== '');
  const held = holdAgainst(lines, found.epoch, found.rows);
  say(
    held.holds
      ? `yes: ${records.name}: its records come to the root that the epoch was made from, and vest exactly these credits${held.sealed ? '; the log seals this very epoch' : '; the log’s own word on the epoch is not among them'}`
      : `no: ${records.name}: ${held.says}`,
  );
  return held.holds ? 0 : 1;
}

async function oneClaim(claim: Laid, epoch: Laid | undefined, coordinator: string | null): Promise<number> {
  let value: unknown = null;
  try {
    value = JSON.parse(claim.text);
  } catch {
    // Told below: it is no claim.
  }
  const { fault, says, claim: read } = await examineClaim(value, coordinator);
  if (fault !== null || read === null) {
    say(`no: ${claim.name}: ${says ?? ''}`);
    return 1;
  }
  if (epoch !== undefined && (JSON.parse(epoch.text) as { root?: unknown }).root !== read.epoch.root) {
    say(`no: ${claim.name}: it is of another epoch than ${epoch.name}`);
    return 1;
  }
  const { account, amountMicro, creditMicro } = read.row;
  say(
    `yes: ${claim.name}: ${account} has ${credits(amountMicro)} in epoch ${read.epoch.number}, for ${credits(creditMicro)} credits; its proof of ${read.proof.length} hashes leads to the root`,
  );
  if (epoch === undefined) say(`     signed by ${read.epoch.coordinator}`);
  return 0;
}
