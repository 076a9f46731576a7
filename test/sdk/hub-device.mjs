// One device at its hub: reads a job as JSON from standard input, performs with the
// official SDK the actions of a device, and prints the outcome as JSON.
//
// Job:     {transport, hub: "localhost:PORT", deviceId} and either {key}, base64,
//          or {cert, certKey}, PEM with the chain.
// Outcome: {did: ["open", …]}, each action that worked, with {twin} if the
//          transport has twins, or {error: {name, message}} besides.

import https from 'node:https';
import { text } from 'node:stream/consumers';

import common from 'azure-iot-common';
import device from 'azure-iot-device';
import deviceHttp from 'azure-iot-device-http';
import deviceMqtt from 'azure-iot-device-mqtt';

/** MQTT over WebSocket to a port other than 443, for which the SDK has no option. */
class MqttWs extends deviceMqtt.MqttWs {
  _getBaseTransportConfig(credentials) {
    return { ...super._getBaseTransportConfig(credentials), uri: `wss://${credentials.host}/$iothub/websocket` };
  }
}

const transports = { https: deviceHttp.Http, mqtt: deviceMqtt.Mqtt, 'mqtt-ws': MqttWs };

async function clientFor({ transport, hub, deviceId, key, cert, certKey }) {
  const [host, port] = hub.split(':');
  const name = transport === 'https' ? host : hub; // HTTPS finds the port by its agent
  const credential = cert ? 'x509=true' : `SharedAccessKey=${key}`;
  const client = device.Client.fromConnectionString(`HostName=${name};DeviceId=${deviceId};${credential}`, transports[transport]);
  client.setRetryPolicy(new common.NoRetry());
  const options = cert ? { cert, key: certKey } : {};
  if (transport === 'https') {
    options.http = { agent: new https.Agent({ port, ...options }) };
  }
  const configured = client.setOptions(options);
  if (transport !== 'https') {
    await configured; // over HTTPS the SDK sets them at once and does not report it
  }
  return client;
}

async function go(job) {
  const outcome = { did: [] };
  let client;
  const step = async (name, work) => {
    const result = await work();
    outcome.did.push(name);
    return result;
  };
  try {
    client = await clientFor(job);
    await step('open', () => client.open());
    await step('telemetry', () => client.sendEvent(new device.Message('{"temperature":21.5}')));
    if (job.transport !== 'https') {
      const twin = await step('twin', () => client.getTwin());
      outcome.twin = { desired: twin.properties.desired };
      await step('report', () => new Promise((resolve, reject) => {
        twin.properties.reported.update({ ready: true }, (error) => (error ? reject(error) : resolve()));
      }));
    }
    await step('close', () => client.close());
  } catch ({ name, message }) {
    outcome.error = { name, message };
    await client?.close().catch(() => {});
  }
  return outcome;
}

const job = JSON.parse(await text(process.stdin));
const outcome = await go(job);
process.stdout.write(JSON.stringify(outcome), () => process.exit()); // whatever the SDK still waits for
