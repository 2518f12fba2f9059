/** What every outbox must do, as plain steps that run anywhere: returns what is wrong, nothing if all is well. */
import { withoutBytes } from '../../src/volunteer/changes.ts';
import type { Change, KeptResult, Outbox } from '../../src/volunteer/outbox.ts';
import type { LeaseRecord } from '../../src/volunteer/loop/words.ts';

export const hex32 = (c: string): string => c.repeat(64);

export function resultOf(replica: number, size = 5): KeptResult {
  const outputs = Uint8Array.from({ length: size }, (_, i) => (i * 7 + replica) % 256);
  return {
    replica,
    job: 'j1',
    chunk: replica + 100,
    root: hex32('a'),
    digestBytes: 16,
    outputBytes: size,
    units: 2,
    bytes: true,
    digests: new Uint8Array(16).fill(replica % 256),
    outputs,
    lengths: Uint32Array.of(2, size - 2),
  };
}

export const leaseOf = (lease: number): LeaseRecord => ({
  lease,
  slot: 0,
  job: 'j1',
  chunk: 3,
  count: 4,
  done: 1,
  bytes: false,
  grantedAt: 10,
  deadlineAt: 20,
});

const consent = {
  text: hex32('b'),
  language: 'en',
  origin: 'http://a',
  site: null,
  at: 5,
  signature: 'S'.repeat(86),
};
const head = {
  coordinator: 'C'.repeat(43),
  head: { size: 9, root: hex32('c') },
  cosigned: { at: 12, head: { size: 8, root: hex32('d') } },
};

const mark = { coordinator: 'C'.repeat(43), next: 17 };

/** As text, whatever order the fields are kept in. */
function plain(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) => {
    if (ArrayBuffer.isView(inner)) return [...(inner as Uint8Array)];
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

/** `reopen` closes nothing and opens the same place afresh, as a reload does; null where nothing outlives the visit. */
export async function outboxFaults(open: () => Promise<Outbox>, survives: boolean): Promise<string[]> {
  const faults: string[] = [];
  const expect = (what: string, got: unknown, wanted: unknown): void => {
    if (plain(got) !== plain(wanted))
      faults.push(`${what}: ${plain(got).slice(0, 200)} instead of ${plain(wanted).slice(0, 200)}`);
  };
  let outbox = await open();
  expect('an empty one', await outbox.load(), {
    identity: null,
    consent: null,
    head: null,
    mark: null,
    results: [],
    leases: [],
  });
  const changes: Change[] = [
    { set: 'consent', value: consent },
    { set: 'head', value: head },
    { set: 'mark', value: mark },
    ...[3, 1, 2].map((replica): Change => ({ put: 'results', value: resultOf(replica) })),
    { put: 'leases', value: leaseOf(7) },
    { put: 'leases', value: leaseOf(8) },
    { drop: 'results', id: 2 },
    { put: 'results', value: withoutBytes(resultOf(3)) },
    { drop: 'leases', id: 7 },
    { drop: 'results', id: 99 },
  ];
  await outbox.write(changes);
  await outbox.write([{ put: 'leases', value: { ...leaseOf(8), done: 3 } }]);
  const wanted = {
    identity: null,
    consent,
    head,
    mark,
    results: [resultOf(1), withoutBytes(resultOf(3))],
    leases: [{ ...leaseOf(8), done: 3 }],
  };
  const sorted = async (): Promise<unknown> => {
    const kept = await outbox.load();
    return { ...kept, results: [...kept.results].sort((a, b) => a.replica - b.replica) };
  };
  expect('after writing', await sorted(), wanted);
  if (survives) {
    outbox.close();
    outbox = await open();
    expect('after a reload', await sorted(), wanted);
  }
  await outbox.erase();
  if (survives) outbox = await open();
  expect('after erasing', await outbox.load(), {
    identity: null,
    consent: null,
    head: null,
    mark: null,
    results: [],
    leases: [],
  });
  if (survives) outbox.close();
  return faults;
}
