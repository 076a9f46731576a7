// The official Azure IoT device SDK for Node.js registers a software TPM with
// `dpsdiag emulate`. Needs swtpm.
//
//   DPSDIAG=../../bin/dpsdiag npm test

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';

import { runDevice } from './devices.mjs';
import { startEmulator } from './emulator.mjs';
import { startTpm } from './swtpm.mjs';

/** Each transport that carries a TPM, with the name of its address among the ready line's endpoints. */
const transports = [
  { transport: 'https', listener: 'https' },
  { transport: 'amqp', listener: 'amqp' },
  { transport: 'amqp-ws', listener: 'https' },
];

describe('a TPM of the Azure IoT SDK for Node.js', () => {
  let tpm, otherTpm, emulator, enrolled;
  before(async () => {
    assert.ok(process.env.DPSDIAG, 'DPSDIAG names the dpsdiag program to test');
    tpm = await startTpm();
    otherTpm = await startTpm();
    enrolled = await runDevice({ tpm: tpm.path, show: 'keys' });
    emulator = await startEmulator(process.env.DPSDIAG, [
      '--tpm-ek', enrolled.endorsementKey, '--tpm-registration-id', enrolled.registrationId,
    ]);
  });
  after(() => Promise.all([emulator?.stop('SIGKILL'), tpm?.stop(), otherTpm?.stop()]));

  // One after the other, because a TPM handles one command at a time.
  for (const { transport, listener } of transports) {
    it(`registers over ${transport}`, async () => {
      const { registration, error } = await runDevice(jobFor(transport, listener, tpm), emulator.ready.ca_file);

      assert.ifError(error);
      assert.equal(registration.status, 'assigned');
      assert.equal(registration.registrationState.registrationId, enrolled.registrationId);
      assert.ok(registration.registrationState.deviceId, 'the registration has a device id');
    });
  }

  // Over AMQP the SDK never returns if it is refused before the challenge.
  it('is refused over https when another one is enrolled', async () => {
    const { error } = await runDevice(jobFor('https', 'https', otherTpm), emulator.ready.ca_file);

    assert.match(error?.message ?? 'registered', /^The server did NOT respond with an unauthorized error/);
  });

  it('registers with dpsdiag as well, which takes the key that the SDK has left in it', async () => {
    const { endpoints, id_scope: idScope, ca_file: caFile } = emulator.ready;
    const options = ['--endpoint', endpoints.https, '--ca-file', caFile, '--id-scope', idScope, '--tpm', tpm.path, '-o', 'json'];
    const { stdout } = await promisify(execFile)(process.env.DPSDIAG, ['probe', ...options]);

    const { target, exit_code: exitCode } = JSON.parse(stdout);
    assert.deepEqual({ exitCode, registrationId: target.registration_id }, { exitCode: 0, registrationId: enrolled.registrationId });
  });

  function jobFor(transport, listener, { path }) {
    return {
      transport,
      endpoint: emulator.ready.endpoints[listener],
      idScope: emulator.ready.id_scope,
      registrationId: enrolled.registrationId,
      tpm: path,
    };
  }
});
