import type { ChildProcess } from 'node:child_process';
import { forkWorker } from './fork-worker.ts';

/** A worker process that loads its code and touches nothing until it is told what to serve. */
export interface PreparedWorker {
  /** Hands it over, once; undefined when it is gone. */
  take(): ChildProcess | undefined;
  /** Ends it unless it was handed over. */
  end(): void;
}

/** Options before the command that have a value as the next word. */
const VALUED = ['--state', '--register'];

/** Whether a command line will need a worker, by a look at its words: wrong only in what is loaded for nothing. */
export function needsWorker(words: readonly string[]): boolean {
  const command = words.find((word, index) => !word.startsWith('-') && !VALUED.includes(words[index - 1] ?? ''));
  return command === 'run' && !words.includes('--help') && !words.includes('-h');
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
