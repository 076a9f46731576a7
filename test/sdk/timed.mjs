// One device that registers again and again with the official SDK: reads a job
// as JSON from standard input and prints how long each registration took.
//
// Job:     that of device.mjs with {times}, how often to register.
// Outcome: {milliseconds: [...]}, from making the client to its result.

import assert from 'node:assert/strict';
import { text } from 'node:stream/consumers';

import { register } from './registration.mjs';

const job = JSON.parse(await text(process.stdin));
const milliseconds = [];
for (let n = 0; n < job.times; n++) {
  const start = performance.now();
  const { registration, error } = await register(job);
  milliseconds.push(performance.now() - start);
  assert.ifError(error);
  assert.equal(registration.status, 'assigned');
}
process.stdout.write(JSON.stringify({ milliseconds }));
