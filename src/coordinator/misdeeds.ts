/** Counts what honest devices never send, device by device: the log records it up to a limit, then the door is shut for a while. */

/** So many an hour are written into the log. */
export const misdeedsPerHourMax = 100;
const hourMs = 3_600_000;
/** For so long a device that did more is not let in. */
export const suspensionMs = 15 * 60_000;

interface Record {
  hour: number;
  count: number;
  until: number;
}

export class Misdeeds {
  readonly #records = new Map<string, Record>();

  /** Counts one; `suspend`: it was one too many. */
  note(device: string, at: number): 'record' | 'suspend' {
    const hour = Math.floor(at / hourMs);
    const record = this.#records.get(device);
    if (record === undefined || record.hour !== hour) {
      if (this.#records.size > 10_000) this.#forgetOld(hour);
      this.#records.set(device, { hour, count: 1, until: record?.until ?? 0 });
      return 'record';
    }
    if (++record.count <= misdeedsPerHourMax) return 'record';
    record.until = at + suspensionMs;
    return 'suspend';
  }

  /** How long this device must still wait outside; 0 = it may come in. */
  suspendedMs(device: string, at: number): number {
    return Math.max(0, (this.#records.get(device)?.until ?? 0) - at);
  }

  #forgetOld(hour: number): void {
    for (const [device, record] of this.#records) if (record.hour < hour - 1) this.#records.delete(device);
  }
}
