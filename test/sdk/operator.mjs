// An operator of the provisioning service: the official service SDK for Node.js, led to the
// emulator.

import { readFile } from 'node:fs/promises';
import https from 'node:https';

import service from 'azure-iot-provisioning-service';

/**
 * Leads every connection to the address of a connection string, whose HostName has a port: the
 * SDK always goes to port 443.
 */
class ServiceAgent extends https.Agent {
  #address;

  constructor(hostName, ca) {
    super({ ca });
    const [host, port] = hostName.split(':');
    this.#address = { host, port: Number(port) };
  }

  createConnection(options, callback) {
    return super.createConnection({ ...options, ...this.#address }, callback);
  }
}

/** Makes the SDK's client from the ready line of an emulator. */
export async function serviceClient(ready) {
  return clientFor(await readFile(ready.service_connection_string_file, 'utf8'), ready);
}

/** Makes the SDK's client for a connection string. */
export async function clientFor(connectionString, ready) {
  const [, hostName] = connectionString.match(/HostName=([^;]+)/);
  const client = service.ProvisioningServiceClient.fromConnectionString(connectionString);
  const agent = new ServiceAgent(hostName, await readFile(ready.ca_file));
  client._restApiClient.setOptions({ http: { agent } });
  return client;
}

/** Calls a path with the SDK's own HTTP client, for what its methods never do. */
export function rawCall(client, method, path, headers, body) {
  const address = `${path}?api-version=2021-10-01`;
  return new Promise((resolve, reject) => {
    client._restApiClient.executeApiCall(method, address, headers, body, (error, result) => (error ? reject(error) : resolve(result)));
  });
}

/** Reads every page of a query. */
export async function allPages(query) {
  const pages = [];
  while (query.hasMoreResults) {
    const { responseBody } = await query.next(query.continuationToken);
    pages.push(responseBody);
  }
  return pages;
}
