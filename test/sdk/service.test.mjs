// The official Azure IoT service SDK for Node.js manages the enrollments of `dpsdiag emulate`,
// devices then register with the official device SDK, and `dpsdiag explain` names the cause of
// what the service SDK reports.
//
//   DPSDIAG=../../bin/dpsdiag npm test

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, describe, it } from 'node:test';

import { deriveKey, runDevice } from './devices.mjs';
import { startEmulator } from './emulator.mjs';
import { allPages, clientFor, rawCall, serviceClient } from './operator.mjs';

const JSON_TYPE = { Accept: 'application/json', 'Content-Type': 'application/json; charset=utf-8' };

const keyed = (registrationId, more) => ({ registrationId, attestation: { type: 'symmetricKey' }, ...more });

describe('the Azure IoT service SDK for Node.js', () => {
  let emulator;
  let client;
  before(async () => {
    assert.ok(process.env.DPSDIAG, 'DPSDIAG names the dpsdiag program to test');
    emulator = await startEmulator(process.env.DPSDIAG);
    client = await serviceClient(emulator.ready);
  });
  after(() => emulator?.stop('SIGTERM'));

  /** Registers over HTTPS with the device SDK. */
  const register = (registrationId, key) =>
    runDevice(
      { transport: 'https', endpoint: emulator.ready.endpoints.https, idScope: emulator.ready.id_scope, registrationId, key },
      emulator.ready.ca_file,
    );

  it('creates an enrollment that a device registers against at once', async () => {
    const { responseBody: made } = await client.createOrUpdateIndividualEnrollment(keyed('made-01', { deviceId: 'press-1' }));
    const { responseBody: mechanism } = await client.getIndividualEnrollmentAttestationMechanism('made-01');
    assert.deepEqual(mechanism.symmetricKey, made.attestation.symmetricKey);

    const { registration, error } = await register('made-01', mechanism.symmetricKey.secondaryKey);
    assert.ifError(error);
    assert.equal(registration.deviceId, 'press-1');

    const { responseBody: state } = await client.getDeviceRegistrationState('made-01');
    assert.equal(state.status, 'assigned');
    assert.equal(state.assignedHub, registration.assignedHub);
    await client.deleteDeviceRegistrationState(state);
    await assert.rejects(client.getDeviceRegistrationState('made-01'), { message: 'Not found' });
  });

  it('updates an enrollment with its ETag, and the device meets that', async () => {
    const { responseBody: made } = await client.createOrUpdateIndividualEnrollment(keyed('updated-01'));
    const { responseBody: read } = await client.getIndividualEnrollment('updated-01');
    const { symmetricKey } = made.attestation;
    const { responseBody: disabled } = await client.createOrUpdateIndividualEnrollment({
      ...read, attestation: { type: 'symmetricKey', symmetricKey }, provisioningStatus: 'disabled',
    });
    assert.notEqual(disabled.etag, read.etag);
    assert.equal(disabled.createdDateTimeUtc, read.createdDateTimeUtc);

    const { error } = await register('updated-01', symmetricKey.primaryKey);
    assert.ok(error, 'a disabled device does not register');
  });

  it('deletes an enrollment with and without its ETag', async () => {
    const { responseBody: first } = await client.createOrUpdateIndividualEnrollment(keyed('deleted-01'));
    await assert.rejects(client.deleteIndividualEnrollment('deleted-01', 'stale'), { name: 'InvalidEtagError' });
    await client.deleteIndividualEnrollment(first);
    await assert.rejects(client.getIndividualEnrollment('deleted-01'), { message: 'Not found' });

    await client.createOrUpdateIndividualEnrollment(keyed('deleted-01'));
    await client.deleteIndividualEnrollment('deleted-01');
    await assert.rejects(client.deleteIndividualEnrollment('deleted-01'), { message: 'Not found' });
  });

  it('creates a group whose devices register, and lists them', async () => {
    const { responseBody: group } = await client.createOrUpdateEnrollmentGroup({ enrollmentGroupId: 'line-1', attestation: { type: 'symmetricKey' } });
    const { responseBody: mechanism } = await client.getEnrollmentGroupAttestationMechanism('line-1');
    const ids = ['line-1-a', 'line-1-b', 'line-1-c'];
    for (const id of ids) {
      const { error } = await register(id, deriveKey(mechanism.symmetricKey.primaryKey, id));
      assert.ifError(error);
    }
    const query = client.createEnrollmentGroupDeviceRegistrationStateQuery({ query: 'SELECT * FROM registrations' }, 'line-1', 2);
    const pages = await allPages(query);
    assert.deepEqual(pages.map((page) => page.map((state) => state.registrationId)), [ids.slice(0, 2), ids.slice(2)]);
    await client.deleteEnrollmentGroup(group);
    await assert.rejects(client.getEnrollmentGroup('line-1'), { message: 'Not found' });
  });

  it('queries enrollments and groups in pages', async () => {
    const enrollments = (await allPages(client.createIndividualEnrollmentQuery({ query: 'SELECT * FROM enrollments' }, 2))).flat();
    assert.ok(enrollments.some(({ registrationId }) => registrationId === 'sandbox-key-01'));
    assert.equal(new Set(enrollments.map(({ registrationId }) => registrationId)).size, enrollments.length);
    const groups = (await allPages(client.createEnrollmentGroupQuery({ query: 'SELECT * FROM enrollmentGroups' }))).flat();
    assert.deepEqual(groups.map(({ enrollmentGroupId }) => enrollmentGroupId), ['sandbox-certificates', 'sandbox-keys']);
  });

  it('runs bulk operations', async () => {
    const bulk = (mode, ...enrollments) =>
      new Promise((resolve, reject) => {
        // The promise of this method never settles: the SDK looks for its callback alone.
        client.runBulkEnrollmentOperation({ mode, enrollments }, (error, result) => (error ? reject(error) : resolve(result)));
      });
    assert.deepEqual(await bulk('create', keyed('bulk-1'), keyed('bulk-2')), { isSuccessful: true, errors: [] });
    const { isSuccessful, errors } = await bulk('create', keyed('bulk-2'), keyed('bulk-3'));
    assert.equal(isSuccessful, false);
    assert.deepEqual(errors.map(({ registrationId, errorCode }) => [registrationId, errorCode]), [['bulk-2', 409201]]);
    assert.equal((await bulk('updateIfMatchEtag', keyed('bulk-1', { etag: 'stale' }))).errors[0].errorCode, 412000);
    assert.equal((await bulk('delete', keyed('bulk-1'), keyed('bulk-2'), keyed('bulk-3'))).isSuccessful, true);
  });

  it('is refused with another key', async () => {
    const key = Buffer.alloc(32).toString('base64');
    const stranger = await clientFor(
      `HostName=${emulator.ready.endpoints.https};SharedAccessKeyName=provisioningserviceowner;SharedAccessKey=${key}`,
      emulator.ready,
    );
    await assert.rejects(stranger.getIndividualEnrollment('sandbox-key-01'), { name: 'UnauthorizedError' });
  });

  /** What an operator does wrong, the status, and the cause that explain has to name first. */
  const mistakes = [
    {
      status: 405,
      mistake: 'leaves the id out of the path',
      call: () => rawCall(client, 'PUT', '/enrollments/', { ...JSON_TYPE }, keyed('wrong-01')),
      code: 405000,
      cause: 'transport-protocol-wrong',
    },
    {
      status: 409,
      mistake: 'creates what exists',
      call: () => client.createOrUpdateIndividualEnrollment(keyed('sandbox-key-01')),
      code: 409201,
      cause: 'management-request-invalid',
    },
    {
      status: 412,
      mistake: 'updates with a stale ETag',
      call: () => client.createOrUpdateIndividualEnrollment(keyed('sandbox-key-01', { etag: 'stale' })),
      code: 412000,
      cause: 'management-request-invalid',
    },
    {
      status: 415,
      mistake: 'sends plain text',
      call: () => rawCall(client, 'PUT', '/enrollments/wrong-01', { 'Content-Type': 'text/plain' }, JSON.stringify(keyed('wrong-01'))),
      code: 415000,
      cause: 'payload-invalid',
    },
  ];
  for (const { status, mistake, call, code, cause } of mistakes) {
    it(`reports ${status} to one who ${mistake}, and explain names the cause`, async () => {
      const error = await call().then(() => assert.fail('the call is accepted'), (reason) => reason);
      assert.equal(error.response.statusCode, status);
      assert.equal(JSON.parse(error.responseBody).errorCode, code);

      // As the samples of the SDK print it.
      const { causes } = await explain(`error creating the individual enrollment: ${error}`);
      assert.equal(causes[0]?.id, cause, JSON.stringify(causes.map(({ id }) => id)));
    });
  }
});

/** Explains a text. */
async function explain(text) {
  const stdout = await new Promise((resolve, reject) => {
    const child = execFile(process.env.DPSDIAG, ['explain', '-o', 'json', '-'], (error, output) => (error ? reject(error) : resolve(output)));
    child.stdin.end(text);
  });
  return JSON.parse(stdout);
}
