// One device that registers again and again with the official SDK: reads a job
// as JSON from standard input and prints how long each registration took.
//
// Job:     that of device.mjs with {times}, how often to register.
// Outcome: {milliseconds: [...], cpu}, from making the client to its result, and
//          the processor time of all, without a first registration that is not timed.

import assert from 'node:assert/strict';
import { text } from 'node:stream/consumers';

import { register } from './registration.mjs';

const job = JSON.parse(await text(process.stdin));
const milliseconds = [];
let before;
for (let n = 0; n <= job.times; n++) {
  if (n === 1) before = process.cpuUsage();
  const start = performance.now();
  const { registration, error } = await register(job);
  if (n > 0) milliseconds.push(performance.now() - start);
  assert.ifError(error);
  assert.equal(registration.status, 'assigned');
}
const used = process.cpuUsage(before);
process.stdout.write(JSON.stringify({ milliseconds, cpu: (used.user + used.system) / 1000 }));
