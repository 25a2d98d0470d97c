import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { BackendName } from '../contracts/plan.ts';
import { type FromTrainer, STANDBY } from '../contracts/trainer-protocol.ts';

/** A trainer process that takes a job. */
export interface TrainerFork {
  readonly child: ChildProcess;
  /** Resolves when it takes a job; stays open when it ends before that. */
  readonly ready: Promise<void>;
  /** Whether it has done a job before. */
  readonly used: boolean;
  /** The end of what it has printed to standard error since it last became ready. */
  stderr(): string;
  /** The same process once it waits for its next job. */
  again(): TrainerFork;
}

/** Forks a trainer. `standby`: it waits for a job that is not there yet, and loads this backend meanwhile. */
export function forkTrainer(standby?: BackendName): TrainerFork {
  const words = standby === undefined ? [] : [STANDBY, standby];
  const child = fork(trainerMain(), words, {
    execArgv: trainerExecArgv(),
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    serialization: 'json',
  });
  const ready = new Promise<void>((resolve) => {
    child.on('message', (message: FromTrainer) => {
      if (message.type === 'ready') resolve();
    });
  });
  // One that cannot be started has no pid; whoever gives it a job hears why.
  child.on('error', () => undefined);
  const tail = collectTail(child);
  const used: TrainerFork = {
    child,
    ready,
    used: true,
    stderr: () => tail.text(),
    again() {
      tail.clear();
      return used;
    },
  };
  return { ...used, used: false };
}

/** The trainer's main file, beside this one in src/ and in dist/. */
function trainerMain(): string {
  return fileURLToPath(
    new URL(import.meta.url.endsWith('.ts') ? '../trainer-process/main.ts' : '../trainer-process/main.js', import.meta.url),
  );
}

/** Sources run through tsx, the build runs as it is. */
function trainerExecArgv(): string[] {
  return import.meta.url.endsWith('.ts') ? ['--import', import.meta.resolve('tsx')] : [];
}

const STDERR_TAIL = 4_000; // characters: enough for one stack trace

function collectTail(child: ChildProcess): { readonly text: () => string; readonly clear: () => void } {
  let tail = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    tail = (tail + text).slice(-STDERR_TAIL);
  });
  return {
    text: () => tail,
    clear() {
      tail = '';
    },
  };
}
