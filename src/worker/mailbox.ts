/** What the parent process says, in order: nothing is lost between the first message and the next listener. */
export interface Mailbox {
  /** Takes the first message; once, before `listen`. */
  first(): Promise<unknown>;
  /** Hears every later one. */
  listen(listener: (message: unknown) => void): void;
}

/** Opens the mailbox of this process. */
export function openMailbox(): Mailbox {
  const waiting: unknown[] = [];
  let hear: (message: unknown) => void = (message) => void waiting.push(message);
  process.on('message', (message) => hear(message));
  return {
    first: () =>
      new Promise((resolve) => {
        hear = (message) => {
          hear = (later) => void waiting.push(later);
          resolve(message);
        };
      }),
    listen(listener) {
      hear = listener;
      for (const message of waiting.splice(0)) listener(message);
    },
  };
}
