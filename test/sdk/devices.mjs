// The emulator's ready identities as devices, each in its own process.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const HANG_LIMIT_MS = 180_000; // a device takes about a second

/** Each attestation, with the credentials that its ready identity registers with. */
export const attestations = [
  {
    attestation: 'symmetric-key',
    credentials: async (identity) => ({ key: await readKey(identity.key_file) }),
  },
  {
    attestation: 'group-key',
    credentials: async (identity) => ({
      key: deriveKey(await readKey(identity.group_key_file), identity.registration_id),
    }),
  },
  {
    attestation: 'x509',
    credentials: async (identity) => ({
      cert: await readFile(identity.cert_file, 'utf8'),
      certKey: await readFile(identity.key_file, 'utf8'),
    }),
  },
];

/** The job of device.mjs: the ready identity of an attestation registers over a transport with these credentials. */
export async function jobFor(ready, transport, listener, attestation, credentials) {
  const identity = ready.identities.find((candidate) => candidate.attestation === attestation);
  assert.ok(identity, `the ready line has an identity for ${attestation}`);
  return {
    transport,
    endpoint: ready.endpoints[listener],
    idScope: ready.id_scope,
    registrationId: identity.registration_id,
    ...(await credentials(identity)),
  };
}

/** Reads a key file of the ready line. */
export async function readKey(file) {
  return (await readFile(file, 'utf8')).trim();
}

/** The key of one device of an enrollment group (learn.microsoft.com: concepts-symmetric-key-attestation). */
export function deriveKey(groupKey, registrationId) {
  return createHmac('sha256', Buffer.from(groupKey, 'base64')).update(registrationId, 'utf8').digest('base64');
}

/** Registers: runs device.mjs on a job, trusting caFile besides the public authorities, and returns its outcome. */
export const runDevice = (job, caFile) => run('device.mjs', job, caFile);

/** Goes on at the hub: runs hub-device.mjs likewise. */
export const runHubDevice = (job, caFile) => run('hub-device.mjs', job, caFile);

async function run(program, job, caFile) {
  const env = { ...process.env, NODE_EXTRA_CA_CERTS: caFile ?? '' };
  const path = fileURLToPath(new URL(program, import.meta.url));
  const output = await new Promise((resolve, reject) => {
    const done = (error, stdout) => (error ? reject(error) : resolve(stdout));
    const child = execFile(process.execPath, [path], { env, timeout: HANG_LIMIT_MS }, done);
    child.stdin.end(JSON.stringify(job));
  });
  return JSON.parse(output);
}
