import { connect, createServer, type Server, type Socket } from 'node:net';
import { withSocketAddress } from './socket-path.ts';

/** Listens on a unix socket. The path must be new. */
export function listenOn(path: string, onClient: (socket: Socket) => void): Promise<Server> {
  return withSocketAddress(
    path,
    (address) =>
      new Promise((resolve, reject) => {
        const server = createServer(onClient);
        server.once('error', reject);
        server.listen(address, () => {
          server.off('error', reject);
          resolve(server);
        });
      }),
  );
}

/** Connects to a unix socket; null when nobody listens there: the process that did is dead, since the kernel closes its sockets. */
export async function connectTo(path: string): Promise<Socket | null> {
  const connected = await withSocketAddress(
    path,
    (address) =>
      new Promise<Socket | null>((resolve, reject) => {
        const socket = connect(address);
        const onError = (error: NodeJS.ErrnoException): void => {
          if (error.code === 'ECONNREFUSED' || error.code === 'ENOENT') resolve(null);
          else reject(error);
        };
        socket.once('error', onError);
        socket.once('connect', () => {
          socket.off('error', onError);
          socket.on('error', () => undefined); // `close` follows, and is what counts
          resolve(socket);
        });
      }),
  );
  // It may have ended while the address of a long path was taken away again: nobody would hear of it.
  return connected?.destroyed === true ? null : connected;
}
