/**
 * Decides everything the volunteer does: given what happened, the time and a throw of the dice, it says what
 * the shells are to do next. Pure, as `core` is: no clock, no randomness, no promise, and only + − × ÷, so that the
 * same story gives the same deeds in Node, in a tab and in the simulator.
 *
 * Every step first notes what happened and then looks at the whole: is a connection due, has an engine nothing
 * to do, is a result unsent? So a message that is lost, doubled or late can delay work and never derail it.
 */
import { askingDue, tendAsking } from './loop/asking.ts';
import { auditsDue } from './loop/auditing.ts';
import { onBlob } from './loop/code.ts';
import { onEngine } from './loop/engines.ts';
import { onLogChecked } from './loop/head.ts';
import { onWord, setJobs } from './loop/hearing.ts';
import { linkDue, onOnline, onSocketClosed, tendLink } from './loop/link.ts';
import {
  end,
  onAcceptRestore,
  onClosing,
  onConfigure,
  onFinish,
  onPause,
  onPrepared,
  onResume,
  onShown,
  onStart,
  sendReturns,
  stopLoop,
  tendFinish,
} from './loop/phases.ts';
import { slotsDue, tendSlots } from './loop/slots.ts';
import { isLive } from './loop/state.ts';
import type { Loop } from './loop/state.ts';
import type { LoopEffect, LoopEvent } from './loop/words.ts';

export { createLoop, isLive } from './loop/state.ts';
export type { Loop } from './loop/state.ts';
export { viewOf } from './loop/view.ts';
export type { GpuUse, LoopEffect, LoopEvent, LoopOptions } from './loop/words.ts';

/**
 * One thing happened. Changes `loop` in place and returns what to do, in order. `at` is in ms since 1970 (a clock
 * that goes back stands still here), `entropy` is in [0, 1).
 */
export function step(loop: Loop, event: LoopEvent, at: number, entropy: number): LoopEffect[] {
  loop.at = Math.max(loop.at, at);
  loop.entropy = entropy;
  loop.out = [];
  note(loop, event);
  tendLink(loop);
  tendSlots(loop);
  tendAsking(loop);
  // After the asks: what failed here is not to come straight back.
  sendReturns(loop);
  tendFinish(loop);
  return loop.out;
}

function note(loop: Loop, event: LoopEvent): void {
  switch (event.on) {
    case 'start':
      return onStart(loop, event.proven);
    case 'prepared':
      return onPrepared(loop, event.remembered);
    case 'pause':
      return onPause(loop);
    case 'resume':
      return onResume(loop);
    case 'finish':
      return onFinish(loop);
    case 'acceptRestore':
      return onAcceptRestore(loop);
    case 'leave':
      return isLive(loop) ? end(loop, 'finished') : undefined;
    case 'closing':
      return onClosing(loop);
    case 'shown':
      return onShown(loop);
    case 'wake':
      return;
    case 'configure':
      return onConfigure(loop, event.settings);
    case 'stop':
      return stopLoop(loop, event.reason);
    case 'online':
      return onOnline(loop, event.online);
    case 'jobs':
      // The coordinator's own word over the socket is newer.
      return loop.link.is === 'open' || !isLive(loop) ? undefined : setJobs(loop, event.jobs);
    case 'word':
      return onWord(loop, event.socket, event.word);
    case 'socketClosed':
      return onSocketClosed(loop, event.socket);
    case 'blob':
      return onBlob(loop, event.digest, event.fault);
    case 'logChecked':
      return onLogChecked(loop, event.head, event.verdict);
    case 'engineStarted':
    case 'loaded':
    case 'tested':
    case 'measured':
    case 'progress':
    case 'computed':
    case 'recomputed':
    case 'failed':
    case 'lost':
      return onEngine(loop, event);
    default:
      return event satisfies never;
  }
}

/** When the loop wants to be woken although nothing happened; null when only the world can move it. */
export function wakeAt(loop: Loop): number | null {
  const finish = loop.phase === 'finishing' ? loop.finishBy : null;
  const dues = [linkDue(loop), slotsDue(loop), askingDue(loop), auditsDue(loop), finish];
  // What was due in this step was done in it, or is not wanted any more.
  const coming = dues.filter((due): due is number => due !== null && due > loop.at);
  return coming.length === 0 ? null : Math.min(...coming);
}
