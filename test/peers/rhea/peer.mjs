// An AMQP 1.0 server that shares no code with dpsdiag: npm rhea, over TLS and over a
// WebSocket, as the device API of a provisioning service. The registration id says how it
// behaves. It refuses requests that differ from those of the official SDKs, with the reason.
// It ends with its standard input.
//
//   node peer.mjs KEY_FILE CERT_FILE CA_FILE
//
// prints one line of JSON with its ports when it is ready.

import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { once } from 'node:events';
import rhea from 'rhea';
import { WebSocketServer } from 'ws';

const SCOPE = '0ne0045B3C6';
const OPERATION = '4.d0a671905ea5b2c8.42d78160-4c78-479e-8be7-61d5e55dac0d';
const LARGE = ' '.repeat(300_000);

const [key, cert, ca] = process.argv.slice(2).map((file) => readFileSync(file));
const tls = { key, cert, ca, requestCert: true, rejectUnauthorized: false };

const container = rhea.create_container({
  id: 'rhea-peer',
  receiver_options: { autoaccept: false },
});
container.sasl_server_mechanisms.enable_plain((user, password) => {
  const device = deviceOf(user);
  return device !== undefined && device !== 'wrong-key' && password.startsWith('SharedAccessSignature sr=');
});
container.sasl_server_mechanisms.enable_anonymous(); // makes rhea accept connections without SASL too

container.on('connection_open', ({ connection }) => {
  const user = userOf(connection);
  if (user === 'open-refused' || (user === undefined && !certified(connection))) {
    refuseOpen(connection);
  }
});

container.on('sender_open', ({ sender, connection }) => {
  const { source } = sender.remote.attach;
  if (openLink(sender, source.address)) {
    sender.set_source(source);
    connection.answers = sender;
  }
});

container.on('receiver_open', ({ receiver, connection }) => {
  const { target } = receiver.remote.attach;
  if (!connection.answers) {
    receiver.close({ condition: 'amqp:not-allowed', description: 'the link for answers has to be opened first' });
  } else if (openLink(receiver, target.address)) {
    receiver.set_target(target);
  }
});

container.on('message', ({ message, delivery, connection, receiver }) => {
  const device = deviceOf(receiver.remote.attach.target.address);
  const fault = faultOf(message);
  if (fault) {
    delivery.reject({ condition: 'amqp:invalid-field', description: fault });
    return;
  }
  const registering = message.application_properties['iotdps-operation-type'] === 'iotdps-register';
  const answer = registering ? register(device, delivery, connection) : assigned(device);
  if (!answer) {
    return;
  }
  delivery.accept();
  connection.answers.send({
    correlation_id: message.correlation_id,
    application_properties: registering ? { 'retry-after': 0 } : undefined,
    body: rhea.message.data_section(Buffer.from(answer)),
  });
});

container.on('disconnected', () => {});
container.on('error', (error) => console.error(error));

// openLink reports whether a link has the address and the api-version of the device API, and
// refuses any other.
function openLink(link, address) {
  let error;
  if (!deviceOf(address)) {
    error = { condition: 'amqp:not-found', description: `The link address '${address}' did not match any of the expected formats.` };
  } else if (link.remote.attach.properties?.['com.microsoft:api-version'] !== '2019-03-31') {
    error = { condition: 'amqp:invalid-field', description: 'no api-version' };
  } else if (deviceOf(address) === 'link-refused') {
    error = { condition: 'amqp:unauthorized-access', description: '{"errorCode":401002,"message":"Unauthorized"}' };
  }
  if (error) {
    link.close(error);
  }
  return !error;
}

// refuseOpen sends OPEN with the error of the service and then CLOSE.
function refuseOpen(connection) {
  const error = { condition: 'amqp:unauthorized-access', description: '{"errorCode":401002,"message":"Invalid certificate."}' };
  const { described, wrap_list, wrap_string, wrap_symbol, wrap_ulong } = rhea.types;
  connection.local.open.properties = {
    'com.microsoft:open-error': described(wrap_ulong(0x1d), wrap_list([wrap_symbol(error.condition), wrap_string(error.description)])),
  };
  connection.close(error);
}

function register(device, delivery, connection) {
  switch (device) {
    case 'rejected':
      delivery.reject({ condition: 'amqp:not-found', description: '{"errorCode":404201,"trackingId":"t-1","message":"Not Found"}' });
      return undefined;
    case 'throttled-once':
      if (!connection.throttled) {
        connection.throttled = true;
        delivery.reject({
          condition: 'amqp:resource-limit-exceeded',
          description: '{"errorCode":429001,"message":"Operations are being throttled for this tenant."}',
          info: { 'retry-after': 0 },
        });
        return undefined;
      }
      break;
    case 'hangs-up':
      delivery.accept();
      setImmediate(() => connection.socket.end());
      return undefined;
  }
  return JSON.stringify({ operationId: OPERATION, status: 'assigning' });
}

function assigned(device) {
  const registrationState = { registrationId: device, status: 'assigned', assignedHub: 'hub.example', deviceId: device };
  return (device === 'large' ? LARGE : '') + JSON.stringify({ operationId: OPERATION, status: 'assigned', registrationState });
}

// faultOf returns what is wrong with a request.
function faultOf(message) {
  const properties = message.application_properties ?? {};
  if (typeof message.correlation_id !== 'string') {
    return 'no correlation id';
  }
  if (!Buffer.isBuffer(message.body?.content)) {
    return 'the body is no data section';
  }
  switch (properties['iotdps-operation-type']) {
    case 'iotdps-register':
      return JSON.parse(message.body.content).registrationId ? '' : 'no registration id';
    case 'iotdps-get-operationstatus':
      return properties['iotdps-operation-id'] === OPERATION ? '' : 'no such operation';
  }
  return 'no such operation type';
}

function deviceOf(address) {
  const [scope, registrations, device, ...rest] = (address ?? '').split('/');
  return scope === SCOPE && registrations === 'registrations' && rest.length === 0 ? device : undefined;
}

// userOf returns the device that logged in; undefined without SASL.
function userOf(connection) {
  return deviceOf(connection.sasl_transport.selected.username);
}

// certified reports whether the client presented a certificate of the authority. A WebSocket
// hides that.
function certified(connection) {
  return connection.socket.authorized ?? true;
}

const straight = container.listen({ transport: 'tls', host: '127.0.0.1', port: 0, ...tls });
const https = createServer(tls).listen(0, '127.0.0.1');
const sockets = new WebSocketServer({
  server: https,
  path: '/$iothub/websocket',
  handleProtocols: (offered) => (offered.has('AMQPWSB10') ? 'AMQPWSB10' : false),
});
sockets.on('connection', (socket) => container.websocket_accept(socket, {}));

process.stdin.on('end', () => process.exit()).resume();
await Promise.all([once(straight, 'listening'), once(https, 'listening')]);
console.log(JSON.stringify({ amqp: straight.address().port, websocket: https.address().port }));
