// A device registered with `dpsdiag emulate` connects to the hub that it was assigned
// to, with the official Azure IoT device SDK for Node.js.
//
//   DPSDIAG=../../bin/dpsdiag npm test

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, it } from 'node:test';

import { attestations, jobFor, runDevice, runHubDevice } from './devices.mjs';
import { startEmulator } from './emulator.mjs';

const MQTT_STEPS = ['open', 'telemetry', 'twin', 'report', 'close'];

/** Each transport of the hub, with what a device does there and how the SDK words a refusal of its credential. */
const transports = [
  { transport: 'https', steps: ['open', 'telemetry', 'close'], refused: { name: 'UnauthorizedError' }, unknown: { name: 'DeviceNotFoundError' } },
  { transport: 'mqtt', steps: MQTT_STEPS, refused: /Not authorized/, unknown: /Not authorized/ },
  { transport: 'mqtt-ws', steps: MQTT_STEPS, refused: /Not authorized/, unknown: /Not authorized/ },
];

// In parallel: devices spend most of the time waiting to register.
describe('the Azure IoT device SDK for Node.js at the hub', { concurrency: true }, () => {
  let emulator;
  before(async () => {
    assert.ok(process.env.DPSDIAG, 'DPSDIAG names the dpsdiag program to test');
    emulator = await startEmulator(process.env.DPSDIAG);
  });
  after(() => emulator?.stop('SIGKILL'));

  for (const { attestation, credentials } of attestations) {
    describe(`with ${attestation}`, { concurrency: false }, () => {
      let job;
      before(async () => {
        job = await registered(emulator.ready, attestation, credentials);
      });

      // One after the other: the hub keeps one connection for each device.
      for (const { transport, steps } of transports) {
        it(`opens over ${transport}`, async () => {
          const { did, error, twin } = await runHubDevice({ ...job, transport }, emulator.ready.ca_file);

          assert.equal(error, undefined);
          assert.deepEqual(did, steps);
          if (transport !== 'https') {
            assert.deepEqual(twin, { desired: { $version: 1 } });
          }
        });
      }
    });
  }

  for (const { transport, refused } of transports) {
    it(`is refused over ${transport} with a wrong key`, async () => {
      const [{ attestation, credentials }] = attestations;
      const job = await registered(emulator.ready, attestation, credentials);
      const key = randomBytes(64).toString('base64');
      const { error } = await runHubDevice({ ...job, transport, key }, emulator.ready.ca_file);

      assertSays(error, refused);
    });
  }

  it('needs a second registration where the hub has lost the device', async () => {
    const forgetful = await startEmulator(process.env.DPSDIAG, ['--scenario', 'stale-assignment']);
    try {
      const [{ attestation, credentials }] = attestations;
      const job = await registered(forgetful.ready, attestation, credentials);
      for (const { transport, unknown } of transports) {
        const { error } = await runHubDevice({ ...job, transport }, forgetful.ready.ca_file);
        assertSays(error, unknown);
      }
      await registered(forgetful.ready, attestation, credentials);
      for (const { transport } of transports) {
        const { error } = await runHubDevice({ ...job, transport }, forgetful.ready.ca_file);
        assert.equal(error, undefined);
      }
    } finally {
      await forgetful.stop('SIGTERM');
    }
  });
});

/** Registers the ready identity of an attestation, and returns the job of hub-device.mjs but for its transport. */
async function registered(ready, attestation, credentials) {
  const job = await jobFor(ready, 'https', 'https', attestation, credentials);
  const { registration, error } = await runDevice(job, ready.ca_file);
  assert.ifError(error);
  assert.match(registration.assignedHub, /^localhost:\d+$/);
  assert.equal(registration.assignedHub.split(':')[1], ready.endpoints.hub.split(':')[1]);
  const { key, cert, certKey } = job;
  return { hub: registration.assignedHub, deviceId: registration.deviceId, key, cert, certKey };
}

/** Checks the name of an error, or that its message matches. */
function assertSays(error, said) {
  assert.ok(error, 'the SDK reports an error');
  if (said instanceof RegExp) {
    assert.match(error.message, said);
  } else {
    assert.equal(error.name, said.name);
  }
}
