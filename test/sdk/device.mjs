// One device: reads a job as JSON from standard input, registers with the
// official SDK, and prints the outcome as JSON.
//
// Job:     {transport, endpoint: "ADDRESS:PORT", idScope, registrationId} and
//          {key}, base64, or {cert, certKey}, PEM with the chain, or {tpm}, the
//          path of a software TPM's unix socket;
//          {pollingInterval} to replace the SDK's own: see registration.mjs.
// Outcome: {registration}, the SDK's result, or {error: {name, code, message, body}}.
//
// Job {tpm, show: 'keys'} has the outcome {endorsementKey, registrationId}: that
// key, in base64, and the id that the SDK derives from it.
//
// Every registration runs in its own process, as on a device, because Node.js
// reads NODE_EXTRA_CA_CERTS, the only way to give all the SDK's transports a
// trust anchor, when it starts.

import { text } from 'node:stream/consumers';

import { register, showKeys } from './registration.mjs';

const job = JSON.parse(await text(process.stdin));
process.stdout.write(JSON.stringify(await (job.show ? showKeys(job) : register(job))));
