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
 * Client to supervisor, one JSON object per line. A client begins with `keep`, and from then on its open connection is what counts, or with `provisional`:
 * it may turn out to need no server, and says later that it needs it (`keep`) or not (`leave`, which is answered by the end of the connection: at once, or
 * once the server is gone). Who says nothing only looks whether anybody is there.
 */
export type ClientMessage = { readonly type: 'provisional'; readonly made: Made } | { readonly type: 'keep' } | { readonly type: 'leave' };

/** What a client made for a server that it may turn out not to need: removed again when nobody needs it. */
export interface Made {
  /** The state directory. */
  readonly state: boolean;
  /** The server's folder in it. */
  readonly server: boolean;
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
  /** What its starter made. Clients say the same: another supervisor may have been faster. */
  readonly made: Made;
}
