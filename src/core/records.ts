/**
 * What is kept of a device and of an account, as it begins. There may be a great many who never do more than come: every field
 * stands by its name, since an object that is spread takes a third more memory, and what nobody has written to yet is shared.
 */
import type { AccountRecord, Backend, Device, Shown } from './state.ts';

/** Of a device that has done nothing. */
export function newDevice(
  account: string,
  site: string | null,
  group: string,
  network: string,
  role: Device['role'],
): Device {
  return {
    account,
    site,
    group,
    network,
    role,
    committed: 0,
    leases: 0,
    returned: 0,
    returnedAt: 0,
    misdeeds: 0,
  };
}

/** Of those who have shown nothing. */
export const nothingShown: Readonly<Shown> = Object.freeze({ busy: 0, at: 0, busyMs: 0, micro: 0 });

/** Of an account with one device, at its first. */
export function newAccount(at: number): AccountRecord {
  return {
    firstAt: at,
    devices: 1,
    chunks: 0,
    units: 0,
    earnedMicro: 0,
    lastAt: at,
    wasm: nothingShown,
    webgpu: nothingShown,
  };
}

/** What an account has shown with a backend, to be written to. What is shared is frozen: another copy of these rules has one of its own. */
export function shownOf(record: AccountRecord, backend: Backend): Shown {
  if (Object.isFrozen(record[backend])) record[backend] = { ...nothingShown };
  return record[backend];
}
