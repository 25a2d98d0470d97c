import type { ChildProcess } from 'node:child_process';
import { commandWord } from './commands.ts';
import { forkWorker } from './fork-worker.ts';

/** A worker process that loads its code and touches nothing until it is told what to serve. */
export interface PreparedWorker {
  /** Hands it over, once; undefined when it is gone. */
  take(): ChildProcess | undefined;
  /** Ends it unless it was handed over. */
  end(): void;
}

/** Whether a command line will need a worker, by a look at its words. */
export function needsWorker(words: readonly string[]): boolean {
  return commandWord(words) === 'run' && !words.includes('--help') && !words.includes('-h');
}

/** Forks a worker ahead of its work. It keeps nothing alive, and ends with this process. */
export function prepareWorker(): PreparedWorker {
  let child: ChildProcess | undefined = forkWorker();
  const forget = () => {
    child = undefined;
  };
  child.once('exit', forget);
  child.once('error', forget);
  child.unref();
  child.channel?.unref();
  return {
    take() {
      const taken = child;
      taken?.ref();
      taken?.channel?.ref();
      forget();
      return taken;
    },
    end() {
      child?.kill('SIGKILL');
      forget();
    },
  };
}
