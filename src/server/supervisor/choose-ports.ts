import { createHash } from 'node:crypto';
import { createServer } from 'node:net';
import type { ServerPorts } from './server-record.ts';

/** Ports are taken from 20000..29999, below the range that Linux (32768) and macOS (49152) give to outgoing connections. */
const FIRST_PORT = 20_000;
const PAIRS = 5_000;

/**
 * Chooses the server's ports: the remembered ones while nobody else listens there, otherwise a free pair near a place that depends on the state
 * directory alone, so that bookmarks and firewall rules stay good and two state directories rarely meet.
 */
export async function choosePorts(stateDir: string, remembered: ServerPorts | null): Promise<ServerPorts> {
  if (remembered !== null && (await arePortsFree(remembered))) return remembered;
  const start = createHash('sha256').update(stateDir).digest().readUInt32BE(0) % PAIRS;
  for (let step = 0; step < PAIRS; step += 1) {
    const grpc = FIRST_PORT + 2 * ((start + step) % PAIRS);
    const ports = { grpc, ui: grpc + 1 };
    if (await arePortsFree(ports)) return ports;
  }
  throw new Error(`no two free ports in ${FIRST_PORT}..${FIRST_PORT + 2 * PAIRS - 1} on 127.0.0.1`);
}

async function arePortsFree({ grpc, ui }: ServerPorts): Promise<boolean> {
  return (await isPortFree(grpc)) && (await isPortFree(ui));
}

function isPortFree(port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE' || error.code === 'EACCES') resolve(false);
      else reject(error);
    });
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
