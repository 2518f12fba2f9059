/** Reads from a socket no faster than the loop decides: who sends more waits in its own network buffers. */

/** Orders of one socket that may wait before it is not read from any more. */
const inFlightMax = 1024;

/** What can be told to wait: a WebSocket. */
export interface Pausable {
  pause(): void;
  resume(): void;
}

export class Flow {
  readonly #source: Pausable;
  #inFlight = 0;
  #paused = false;

  constructor(source: Pausable) {
    this.#source = source;
  }

  begin(): void {
    if (++this.#inFlight < inFlightMax || this.#paused) return;
    this.#paused = true;
    this.#source.pause();
  }

  end(): void {
    if (--this.#inFlight > inFlightMax / 2 || !this.#paused) return;
    this.#paused = false;
    this.#source.resume();
  }
}
