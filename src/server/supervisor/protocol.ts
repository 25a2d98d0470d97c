import type { Socket } from 'node:net';

/** Supervisor to client, one JSON object per line; the newest one is the state. Clients send nothing: the open connection is what counts. */
export type SupervisorMessage =
  | { readonly type: 'starting'; readonly text: string }
  | {
      readonly type: 'ready';
      /** `127.0.0.1:port`. */
      readonly address: string;
      readonly uiUrl: string;
      readonly serverPid: number;
      readonly supervisorPid: number;
    }
  /** The supervisor gives up and ends. */
  | { readonly type: 'failed'; readonly message: string };

/** Sends a message. */
export function sendMessage(socket: Socket, message: SupervisorMessage): void {
  if (socket.writable) socket.write(`${JSON.stringify(message)}\n`);
}

/** Calls `onMessage` for each message that arrives. */
export function readMessages(socket: Socket, onMessage: (message: SupervisorMessage) => void): void {
  let buffered = '';
  socket.setEncoding('utf8');
  socket.on('data', (text: string) => {
    const lines = (buffered + text).split('\n');
    buffered = lines.pop() ?? '';
    for (const line of lines) onMessage(JSON.parse(line) as SupervisorMessage);
  });
}

/** What a client starts a supervisor with: its one argument, as JSON. */
export interface SupervisorOptions {
  /** Absolute, without symbolic links. */
  readonly stateDir: string;
  /** The Temporal CLI. */
  readonly binary: string;
  /** How long the server outlives its last client. */
  readonly lingerMs: number;
}
