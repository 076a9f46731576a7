// Registers with the official SDK over any transport, at any address.

import https from 'node:https';
import { promisify } from 'node:util';

import httpBase from 'azure-iot-http-base';
import provisioning from 'azure-iot-provisioning-device';
import provisioningAmqp from 'azure-iot-provisioning-device-amqp';
import provisioningHttp from 'azure-iot-provisioning-device-http';
import provisioningMqtt from 'azure-iot-provisioning-device-mqtt';
import symmetricKey from 'azure-iot-security-symmetric-key';
import tpmSecurity from 'azure-iot-security-tpm';
import x509 from 'azure-iot-security-x509';
import tss from 'tss.js';

import { SocketDevice } from './swtpm.mjs';

// PROVISIONING_HOST is the name asked for in the URL, in SNI and in the check
// of the server's certificate; the endpoint gives its address.
const PROVISIONING_HOST = 'localhost';

/**
 * Leads every connection to one address and port. The SDK always goes to port
 * 443 with HTTPS and WebSockets.
 */
class EndpointAgent extends https.Agent {
  #address;

  constructor(endpoint) {
    super();
    const colon = endpoint.lastIndexOf(':');
    this.#address = { host: endpoint.slice(0, colon), port: Number(endpoint.slice(colon + 1)) };
  }

  createConnection(options, callback) {
    return super.createConnection({ ...options, ...this.#address }, callback);
  }
}

/**
 * For each transport, a function that makes the SDK's transport for an endpoint and, perhaps, a TPM.
 * MQTT and AMQP take the port with the host instead: see provisioningHost.
 */
const transports = {
  https: (endpoint) => {
    const client = new httpBase.Http();
    client.setOptions({ http: { agent: new EndpointAgent(endpoint) } });
    return new provisioningHttp.Http(client);
  },
  mqtt: () => new provisioningMqtt.Mqtt(),
  'mqtt-ws': (endpoint) => webSocketTo(endpoint, new provisioningMqtt.MqttWs()), // it has no option for the port
  amqp: () => new provisioningAmqp.Amqp(),
  'amqp-ws': (endpoint, tpm) => {
    const transport = new provisioningAmqp.AmqpWs();
    if (tpm) {
      return webSocketTo(endpoint, transport); // it uses the option only with a key or a certificate
    }
    transport.setTransportOptions({ webSocketAgent: new EndpointAgent(endpoint) });
    return transport;
  },
};

/** Leads a transport over WebSockets to a port. */
function webSocketTo(endpoint, transport) {
  transport._getConnectionUri = () => `wss://${withPort(endpoint)}/$iothub/websocket`;
  return transport;
}


/** The host that the SDK is given: only its MQTT and AMQP transports take a port with it. */
function provisioningHost({ transport, endpoint }) {
  return transport === 'mqtt' || transport === 'amqp' ? withPort(endpoint) : PROVISIONING_HOST;
}

function withPort(endpoint) {
  return PROVISIONING_HOST + endpoint.slice(endpoint.lastIndexOf(':'));
}

function tpmClient({ registrationId, tpm: path }) {
  const tpm = new tss.Tpm(true);
  tpm.device = new SocketDevice(path);
  return new tpmSecurity.TpmSecurityClient(registrationId, tpm);
}

function securityClient(job) {
  const { registrationId, key, cert, certKey } = job;
  if (job.tpm) {
    return tpmClient(job);
  }
  return cert
    ? new x509.X509Security(registrationId, { cert, key: certKey })
    : new symmetricKey.SymmetricKeySecurityClient(registrationId, key);
}

/**
 * Reads the endorsement key, which the SDK makes and keeps in the TPM if it is not there, and
 * the registration id that it makes of it.
 */
export async function showKeys(job) {
  const client = tpmClient(job);
  const endorsementKey = await promisify(client.getEndorsementKey.bind(client))();
  const registrationId = await promisify(client.getRegistrationId.bind(client))();
  return { endorsementKey: endorsementKey.toString('base64'), registrationId };
}

/**
 * Registers once, with a client of its own. Where the SDK reads no Retry-After it asks again
 * after job.pollingInterval milliseconds, by default as long as it likes.
 *
 * @param {object} job what to register as, and where: see device.mjs
 * @returns {Promise<{registration: object}|{error: object}>} the outcome: see device.mjs
 */
export async function register(job) {
  const transport = transports[job.transport](job.endpoint, job.tpm);
  if (job.pollingInterval !== undefined) {
    transport.setTransportOptions({ pollingInterval: job.pollingInterval });
  }
  const client = provisioning.ProvisioningDeviceClient.create(
    provisioningHost(job),
    job.idScope,
    transport,
    securityClient(job),
  );
  try {
    return { registration: await client.register() };
  } catch ({ name, code, message, responseBody }) {
    return { error: { name, code, message, body: responseBody } };
  }
}
