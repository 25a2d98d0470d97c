import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { ServeMessage } from '../worker/serve.ts';
import { commandWord } from './command-word.ts';
import { forkWorker } from './fork-worker.ts';

/** A worker process that loads its code and touches nothing until it is told what to serve. */
export interface PreparedWorker {
  /** Tells it, before it is handed over. */
  order(message: ServeMessage): void;
  /** Hands it over, once; undefined when it is gone. */
  take(): TakenWorker | undefined;
  /** Ends it unless it was handed over. */
  end(): void;
}

/** A worker process that was handed over. */
export interface TakenWorker {
  readonly child: ChildProcess;
  /** Of one that has its order: its first message, or how it ended. */
  readonly answer: Promise<readonly unknown[]> | undefined;
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
  return {
    order(message) {
      if (child === undefined) return;
      answer = firstAnswer(child);
      // One that cannot be reached is about to be forgotten.
      answer.catch(() => undefined);
      if (child.connected) child.send(message, () => undefined);
    },
    take() {
      if (child === undefined) return undefined;
      const taken = { child, answer };
      child.ref();
      child.channel?.ref();
      forget();
      return taken;
    },
    end() {
      child?.kill('SIGKILL');
      forget();
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
