import type { Socket } from 'node:net';
import { type ClientMessage, readClientMessages, type SupervisorMessage, sendMessage } from './protocol.ts';

/** Who is connected. */
export interface Attendance {
  readonly count: number;
  /** Whether one of them, now or before, needs the server, or did not say that it may need none. */
  readonly kept: boolean;
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

/** Creates them, with the state that each is told first. */
export function createClients(first: SupervisorMessage): Clients {
  const sockets = new Set<Socket>();
  const provisional = new Set<Socket>();
  /** Those that left and wait for the end of the connection. */
  const leaving = new Set<Socket>();
  let state = first;
  let kept = false;
  /** None yet: whoever leaves waits for its answer. */
  let listener: ((now: Attendance) => boolean) | undefined;
  const now = () => ({ count: sockets.size, kept });
  const answer = (): void => {
    if (listener === undefined || listener(now())) return;
    for (const socket of leaving) socket.destroySoon();
    leaving.clear();
  };
  const hear = (socket: Socket, { type }: ClientMessage): void => {
    if (type === 'provisional') provisional.add(socket);
    if (type === 'keep') kept = true;
    if (type !== 'leave' || !sockets.delete(socket)) return;
    leaving.add(socket);
    answer();
  };
  return {
    add(socket) {
      sockets.add(socket);
      answer();
      // A client that is killed resets its connection: that is its way to leave.
      socket.on('error', () => undefined);
      socket.on('close', () => {
        leaving.delete(socket);
        if (!sockets.delete(socket)) return;
        if (!provisional.has(socket)) kept = true;
        answer();
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
      if (sockets.size + leaving.size > 0) answer();
    },
    closeAll() {
      // destroySoon: what was sent arrives, and a client that stands still cannot keep this process.
      for (const socket of [...sockets, ...leaving]) socket.destroySoon();
    },
  };
}
