// Runs devices, each in a process of its own.

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const DEVICE_PROGRAM = fileURLToPath(new URL('device.mjs', import.meta.url));
const HANG_LIMIT_MS = 60_000; // a registration takes less than a second

/** Runs device.mjs on a job, trusting caFile besides the public authorities, and returns its outcome. */
export async function runDevice(job, caFile) {
  const env = { ...process.env, NODE_EXTRA_CA_CERTS: caFile ?? '' };
  const output = await new Promise((resolve, reject) => {
    const done = (error, stdout) => (error ? reject(error) : resolve(stdout));
    const child = execFile(process.execPath, [DEVICE_PROGRAM], { env, timeout: HANG_LIMIT_MS }, done);
    child.stdin.end(JSON.stringify(job));
  });
  return JSON.parse(output);
}
