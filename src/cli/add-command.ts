import type { Command } from 'commander';
import type { PreparedWorker } from './prepared-worker.ts';

/** A subcommand: adds itself to the program and reports its exit code. `prepared`: a worker that waits for one that needs it. */
export type AddCommand = (program: Command, done: (exitCode: number) => void, prepared?: PreparedWorker) => void;
