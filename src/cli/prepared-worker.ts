import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import type { ServeMessage } from '../worker/serve.ts';
import { commandWord } from './command-word.ts';
import { forkWorker } from './fork-worker.ts';

/** A worker process that loads its code and touches nothing until it is told what to serve. */
export interface PreparedWorker {
  /** Tells it, before it is handed over. Its log goes with it when it is ended. */
  order(message: ServeMessage & { readonly log: string }): void;
  /** Hands it over, once; undefined when it is gone. */
  take(): TakenWorker | undefined;
  /** Ends it unless it was handed over. Resolves when it is gone. */
  end(): Promise<void>;
}

/** A worker process that was handed over. */
export interface TakenWorker {
  readonly child: ChildProcess;
  /** Of one that has its order: its first message, or how it ended. */
  readonly answer: Promise<readonly unknown[]> | undefined;
  /** Of one that has its order: where its log is. */
  readonly log: string | undefined;
}

/** Its first message, or its exit code. */
export function firstAnswer(child: ChildProcess): Promise<readonly unknown[]> {
  return Promise.race([once(child, 'message'), once(child, 'exit')]);
}

/** Whether a command line will need a worker, by a look at its words. */
export function needsWorker(words: readonly string[]): boolean {
  return commandWord(words) === 'run' && !words.includes('--help') && !words.includes('-h');
}

/** Forks a worker ahead of its work. It keeps nothing alive, and ends with this process. Never throws: where none can be started there is none. */
export function prepareWorker(): PreparedWorker {
  let child = forkOrNone();
  const forget = () => {
    child = undefined;
  };
  child?.once('exit', forget);
  child?.once('error', forget);
  child?.unref();
  child?.channel?.unref();
  let answer: Promise<readonly unknown[]> | undefined;
  let log: string | undefined;
  return {
    order(message) {
      if (child === undefined) return;
      log = message.log;
      answer = firstAnswer(child);
      // One that cannot be reached is about to be forgotten.
      answer.catch(() => undefined);
      if (child.connected) child.send(message, () => undefined);
    },
    take() {
      if (child === undefined) return undefined;
      const taken = { child, answer, log };
      child.ref();
      child.channel?.ref();
      forget();
      return taken;
    },
    async end() {
      if (child === undefined) return;
      const ended = once(child, 'exit');
      child.ref(); // for its end
      child.kill('SIGKILL');
      forget();
      await ended;
      if (log !== undefined) rmSync(log, { force: true });
    },
  };
}

/** The command that needs a worker tries again, and says what is wrong. */
function forkOrNone(): ChildProcess | undefined {
  try {
    return forkWorker();
  } catch {
    return undefined;
  }
}
