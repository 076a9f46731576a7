// A software TPM, and the SDK's connection to it.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const CMD_GET_CAPABILITY = Buffer.from([0, 0, 0, 1]); // of the control channel; answered once swtpm listens

/**
 * Starts swtpm, of Debian's package of that name, with a TPM in its delivered state.
 *
 * @returns {Promise<{path: string, stop: () => Promise<void>}>} the path of its unix socket, and a function that ends it
 */
export async function startTpm() {
  const dir = await mkdtemp(join(tmpdir(), 'tpm-')); // a short one: the path of a socket has 108 bytes at most
  const path = join(dir, 's');
  const child = spawn(
    'swtpm',
    ['socket', '--tpm2', '--tpmstate', `dir=${dir}`, '--server', `type=unixio,path=${path}`]
      .concat(['--flags', 'not-need-init,startup-clear', '--ctrl', 'type=unixio,clientfd=3']),
    { stdio: ['ignore', 'inherit', 'ignore', 'pipe'] },
  );
  const ended = once(child, 'exit');
  const control = child.stdio[3];
  const stop = async () => {
    child.kill('SIGKILL');
    await ended;
    control.destroy();
    await rm(dir, { recursive: true });
  };

  control.write(CMD_GET_CAPABILITY);
  const failed = ended.then(([code]) => Promise.reject(new Error(`swtpm ended at once: exit ${code}`)));
  await Promise.race([once(control, 'data'), failed]);
  failed.catch(() => {}); // from here on it ends only on request
  return { path, stop };
}

const HEADER_LENGTH = 10; // of a TPM's response: tag, length, code
const LENGTH_OFFSET = 2;

/**
 * The device of a tss.js Tpm: sends commands to the unix socket of a software TPM, where tss.js
 * itself knows /dev/tpm0 and the TCP protocol of Microsoft's simulator alone. Each command has a
 * connection of its own, so that none is left open at the end.
 */
export class SocketDevice {
  #path;

  constructor(path) {
    this.#path = path;
  }

  connect(continuation) {
    setImmediate(continuation, null);
    return null;
  }

  dispatchCommand(command, continuation) {
    const socket = connect(this.#path);
    let response = Buffer.alloc(0);
    socket.on('error', (error) => continuation(error, null));
    socket.on('data', (data) => {
      response = Buffer.concat([response, data]);
      if (response.length >= HEADER_LENGTH && response.length >= response.readUInt32BE(LENGTH_OFFSET)) {
        socket.end();
        continuation(null, response);
      }
    });
    socket.write(command);
  }

  close() {}
}
