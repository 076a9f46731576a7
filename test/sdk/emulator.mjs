// Runs one `dpsdiag emulate` process.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

const READY_SCHEMA = 'dpsdiag/emulator/1';
const HANG_LIMIT_MS = 300_000; // far longer than the whole suite takes

/**
 * Starts the emulator and waits for its ready line.
 *
 * @param {string} program path of the dpsdiag program
 * @param {string[]} options further options of emulate
 * @returns {Promise<{ready: object, stop: (signal: string) => Promise<{code: number|null, signal: string|null}>}>}
 *   the parsed ready line, and a function that sends the process a signal and tells how it ended
 */
export async function startEmulator(program, options = []) {
  const child = spawn(program, ['emulate', '-o', 'json', ...options], { stdio: ['ignore', 'pipe', 'inherit'] });
  setTimeout(() => child.kill('SIGKILL'), HANG_LIMIT_MS).unref();
  const exited = once(child, 'exit').then(([code, signal]) => ({ code, signal }));
  const stop = (signal) => {
    child.kill(signal);
    return exited;
  };

  try {
    return { ready: await readyLine(child.stdout, exited), stop };
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
}

async function readyLine(stdout, exited) {
  const endedEarly = exited.then(({ code, signal }) => {
    throw new Error(`dpsdiag emulate ended before its ready line: ${signal ?? `exit ${code}`}`);
  });
  const [line] = await Promise.race([once(createInterface({ input: stdout }), 'line'), endedEarly]);
  const ready = JSON.parse(line);
  if (ready.schema !== READY_SCHEMA) {
    throw new Error(`the ready line has schema ${ready.schema}, want ${READY_SCHEMA}`);
  }
  return ready;
}
