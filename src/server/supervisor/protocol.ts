import type { Socket } from 'node:net';

/** Supervisor to client, one JSON object per line; the newest one is the state. */
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

/**
 * Client to supervisor, one JSON object per line. Mostly a client says nothing and its open connection is what counts. One that may turn out to need no
 * server says so first (`provisional`), and later that it needs it (`keep`) or not (`leave`, which is answered by the end of the connection: at once,
 * or once the server is gone).
 */
export interface ClientMessage {
  readonly type: 'provisional' | 'keep' | 'leave';
}

/** Sends a message. */
export function sendMessage(socket: Socket, message: SupervisorMessage | ClientMessage): void {
  if (socket.writable) socket.write(`${JSON.stringify(message)}\n`);
}

/** Calls `onMessage` for each message of a supervisor that arrives. */
export function readMessages(socket: Socket, onMessage: (message: SupervisorMessage) => void): void {
  readLines(socket, (line) => onMessage(JSON.parse(line) as SupervisorMessage));
}

/** Calls `onMessage` for each message of a client that arrives. */
export function readClientMessages(socket: Socket, onMessage: (message: ClientMessage) => void): void {
  readLines(socket, (line) => onMessage(JSON.parse(line) as ClientMessage));
}

function readLines(socket: Socket, onLine: (line: string) => void): void {
  let buffered = '';
  socket.setEncoding('utf8');
  socket.on('data', (text: string) => {
    const lines = (buffered + text).split('\n');
    buffered = lines.pop() ?? '';
    for (const line of lines) onLine(line);
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
  /** Whether the starter made the state directory, and the server's folder in it: what nobody needed in the end is removed again. */
  readonly made: { readonly state: boolean; readonly server: boolean };
}
