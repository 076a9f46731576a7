// The official Azure IoT device SDK for Node.js registers with `dpsdiag
// emulate`: every transport with every attestation, and what it must refuse.
//
//   DPSDIAG=../../bin/dpsdiag npm test

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, it } from 'node:test';

import { attestations, jobFor, readKey, runDevice } from './devices.mjs';
import { startEmulator } from './emulator.mjs';

/**
 * Each transport, with the name of its address among the ready line's endpoints, and how the SDK
 * words a refused credential and a server that it does not trust. Only HTTPS brings the service's
 * error body; MQTT is refused in the CONNACK; over AMQP the SDK forgets why the connection ended.
 */
const transports = [
  {
    transport: 'https',
    listener: 'https',
    refused: { name: 'UnauthorizedError', errorCode: 401002 },
    untrusted: { code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' },
  },
  {
    transport: 'mqtt',
    listener: 'mqtt',
    refused: { code: 5, message: 'Connection refused: Not authorized' },
    untrusted: { code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' },
  },
  {
    transport: 'mqtt-ws',
    listener: 'https',
    refused: { code: 5, message: 'Connection refused: Not authorized' },
    untrusted: { code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' },
  },
  { transport: 'amqp', listener: 'amqp', refused: { name: 'NotConnectedError' }, untrusted: { name: 'NotConnectedError' } },
  { transport: 'amqp-ws', listener: 'https', refused: { name: 'NotConnectedError' }, untrusted: { name: 'NotConnectedError' } },
];

/** Credentials that prove nothing, each tried with the ready identity of its attestation. */
const refusals = [
  {
    reason: 'a wrong key',
    attestation: 'symmetric-key',
    credentials: () => ({ key: randomBytes(64).toString('base64') }),
  },
  {
    reason: 'the group key itself',
    attestation: 'group-key',
    credentials: async (identity) => ({ key: await readKey(identity.group_key_file) }),
  },
];

describe('the Azure IoT SDK for Node.js', () => {
  let emulator;
  before(async () => {
    assert.ok(process.env.DPSDIAG, 'DPSDIAG names the dpsdiag program to test');
    emulator = await startEmulator(process.env.DPSDIAG);
  });
  after(() => emulator?.stop('SIGKILL'));

  // In parallel: most of a registration is waiting for the time that the emulator asks for. Eight at a time, since to load
  // the SDK takes its process long where all start at once.
  describe('registration', { concurrency: 8 }, () => {
    for (const { transport, listener, refused, untrusted } of transports) {
      for (const { attestation, credentials } of attestations) {
        it(`succeeds over ${transport} with ${attestation}`, async () => {
          const job = await jobFor(emulator.ready, transport, listener, attestation, credentials);
          const { registration, error } = await runDevice(job, emulator.ready.ca_file);

          assert.ifError(error);
          assert.equal(registration.status, 'assigned');
          assert.equal(registration.registrationId, job.registrationId);
          assert.match(registration.assignedHub, /^[\w.-]+(:\d+)?$/);
          assert.ok(registration.deviceId, 'the registration has a device id');
        });
      }

      for (const { reason, attestation, credentials } of refusals) {
        it(`is refused over ${transport} with ${reason}`, async () => {
          const job = await jobFor(emulator.ready, transport, listener, attestation, credentials);
          const { error } = await runDevice(job, emulator.ready.ca_file);

          assertSays(error, refused);
        });
      }

      it(`needs the emulator's CA over ${transport}`, async () => {
        const [{ attestation, credentials }] = attestations;
        const job = await jobFor(emulator.ready, transport, listener, attestation, credentials);
        const { error } = await runDevice(job, undefined);

        assertSays(error, untrusted);
      });
    }
  });

  it('survives a 429 over mqtt', async () => {
    const throttling = await startEmulator(process.env.DPSDIAG, ['--scenario', 'throttled']);
    try {
      const [{ attestation, credentials }] = attestations;
      const job = await jobFor(throttling.ready, 'mqtt', 'mqtt', attestation, credentials);
      const { registration, error } = await runDevice(job, throttling.ready.ca_file);

      assert.ifError(error);
      assert.equal(registration.status, 'assigned');
    } finally {
      await throttling.stop('SIGTERM');
    }
  });

  it('leaves an emulator that ends with exit 0 on SIGTERM', async () => {
    assert.deepEqual(await emulator.stop('SIGTERM'), { code: 0, signal: null });
  });
});

/** Checks that an error has these values; errorCode is that of the service's error body. */
function assertSays(error, { errorCode, ...said }) {
  assert.ok(error, 'the SDK reports an error');
  for (const [name, value] of Object.entries(said)) {
    assert.equal(error[name], value, name);
  }
  if (errorCode) {
    assert.equal(JSON.parse(error.body).errorCode, errorCode);
  }
}
