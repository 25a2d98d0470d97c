import type { Socket } from 'node:net';
import { type ClientMessage, type Made, readClientMessages, type SupervisorMessage, sendMessage } from './protocol.ts';

/** Who is connected. */
export interface Attendance {
  /** Connections, also those that have not said yet what they want. */
  readonly count: number;
  /** Whether one of them, now or before, needs the server. */
  readonly kept: boolean;
  /** What they made for a server that they may not need. */
  readonly made: Made;
}

/** The clients of a supervisor: what they are told, and how many there are. */
export interface Clients {
  add(socket: Socket): void;
  tell(state: SupervisorMessage): void;
  now(): Attendance;
  /** Hears of each change, and of those that came before it listened; answers whether the supervisor ends now. */
  onChange(listener: (now: Attendance) => boolean): void;
  closeAll(): void;
}

/** Creates them, with the state that each is told first, and what was made before any of them came. */
export function createClients(first: SupervisorMessage, madeBefore: Made): Clients {
  const sockets = new Set<Socket>();
  /** Those that left and wait for the end of the connection. */
  const leaving = new Set<Socket>();
  let state = first;
  let kept = false;
  let made = madeBefore;
  /** Whether anybody has said what they want. Who says nothing only looks, or was killed on the way, and decides nothing. */
  let came = false;
  /** None yet: whoever leaves waits for its answer. */
  let listener: ((now: Attendance) => boolean) | undefined;
  const now = () => ({ count: sockets.size, kept, made });
  const answer = (): void => {
    if (listener === undefined || listener(now())) return;
    for (const socket of leaving) socket.destroySoon();
    leaving.clear();
  };
  const hear = (socket: Socket, message: ClientMessage): void => {
    if (!sockets.has(socket)) return;
    came = true;
    switch (message.type) {
      case 'provisional':
        made = { state: made.state || message.made.state, server: made.server || message.made.server };
        break;
      case 'keep':
        kept = true;
        break;
      case 'leave':
        sockets.delete(socket);
        leaving.add(socket);
    }
    answer();
  };
  return {
    add(socket) {
      sockets.add(socket);
      // A client that is killed resets its connection: that is its way to leave.
      socket.on('error', () => undefined);
      socket.on('close', () => {
        leaving.delete(socket);
        if (sockets.delete(socket) && came) answer();
      });
      readClientMessages(socket, (message) => hear(socket, message));
      sendMessage(socket, state);
    },
    tell(next) {
      state = next;
      for (const socket of sockets) sendMessage(socket, next);
    },
    now,
    onChange(next) {
      listener = next;
      if (came) answer();
    },
    closeAll() {
      // destroySoon: what was sent arrives, and a client that stands still cannot keep this process.
      for (const socket of [...sockets, ...leaving]) socket.destroySoon();
    },
  };
}
