/** Lets one door open at a time: two commands started together must not install into the same folder. */
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, say } from './place.mjs';

const lockDir = join(root, '.tools', 'door.lock');
const ownerFile = join(lockDir, 'pid');
const retryMs = 200;
/** A holder writes its process id at once; a lock older than this without one was left by a crash. */
const namelessMaxMs = 5_000;

/** Does `what` while no other process of this checkout is making ready; waits for its turn. */
export async function holdingTheDoor(what) {
  mkdirSync(join(root, '.tools'), { recursive: true });
  let told = false;
  while (!take()) {
    if (!told) say('another command is making things ready; waiting for it');
    told = true;
    await new Promise((resolve) => setTimeout(resolve, retryMs));
  }
  const release = () => rmSync(lockDir, { recursive: true, force: true });
  process.once('exit', release);
  const onSignal = () => process.exit(130);
  process.once('SIGINT', onSignal);
  process.once('SIGTERM', onSignal);
  try {
    return await what();
  } finally {
    process.off('exit', release);
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
    release();
  }
}

function take() {
  try {
    mkdirSync(lockDir);
    writeFileSync(ownerFile, String(process.pid));
    return true;
  } catch (fault) {
    if (fault.code !== 'EEXIST') throw fault;
    if (ownerIsGone()) rmSync(lockDir, { recursive: true, force: true });
    return false;
  }
}

function ownerIsGone() {
  try {
    process.kill(Number(readFileSync(ownerFile, 'utf8')), 0);
    return false;
  } catch (fault) {
    if (fault.code === 'ESRCH') return true;
    if (fault.code === 'EPERM') return false;
    return namelessForLong();
  }
}

function namelessForLong() {
  try {
    return Date.now() - statSync(lockDir).mtimeMs > namelessMaxMs;
  } catch {
    return false;
  }
}
