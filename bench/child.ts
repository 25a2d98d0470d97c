import { spawn } from 'node:child_process';
import type { BareJob, BareResult } from './bare-loop.ts';
import type { BatchJob, BatchResult } from './batch-child.ts';
import { CHILD_MAIN, ensureChildBuild } from './build.ts';
import type { LoadJob, LoadResult } from './load-child.ts';
import type { LoopJob, LoopResult } from './loop-child.ts';
import type { PrefixJob, PrefixResult } from './prefix-child.ts';
import type { StallJob, StallResult } from './stall-child.ts';

/** What runs in a process of its own: what it is given and what it gives back, both JSON. */
interface Children {
  readonly bare: { readonly job: BareJob; readonly result: BareResult };
  readonly loop: { readonly job: LoopJob; readonly result: LoopResult };
  readonly stall: { readonly job: StallJob; readonly result: StallResult };
  readonly prefix: { readonly job: PrefixJob; readonly result: PrefixResult };
  readonly batch: { readonly job: BatchJob; readonly result: BatchResult };
  readonly load: { readonly job: LoadJob; readonly result: LoadResult };
}

type ChildName = keyof Children;

/** The word that starts bench/main.ts as a child. */
export const CHILD_WORD = '--child';

/** Modules are loaded before a child's clock starts. */
const WORK: { readonly [N in ChildName]: () => Promise<(job: Children[N]['job']) => Promise<Children[N]['result']>> } = {
  bare: async () => (await import('./bare-loop.ts')).trainBare,
  loop: async () => (await import('./loop-child.ts')).measureLoops,
  stall: async () => (await import('./stall-child.ts')).measureStalls,
  prefix: async () => (await import('./prefix-child.ts')).measurePrefix,
  batch: async () => (await import('./batch-child.ts')).measureBatches,
  load: async () => (await import('./load-child.ts')).measureLoad,
};

/** Runs work in a fresh process of what is built, with an IPC channel as a trainer has, and returns what it found. Throws when the process fails. */
export function runChild<N extends ChildName>(name: N, job: Children[N]['job']): Promise<Children[N]['result']> {
  ensureChildBuild((text) => process.stderr.write(`${text}\n`));
  const child = spawn(process.execPath, [CHILD_MAIN, CHILD_WORD, name, JSON.stringify(job)], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  return new Promise((resolve, reject) => {
    let result: Children[N]['result'] | undefined;
    child.on('message', (message: { readonly type: string; readonly result?: Children[N]['result'] }) => {
      if (message.type === 'bench_result') result = message.result;
    });
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0 && result !== undefined) resolve(result);
      else reject(new Error(`the benchmark process "${name}" ended with code ${code} and without a result`));
    });
  });
}

/** Does the work of a child and sends the result to the parent. */
export async function serveChild(name: string, job: string): Promise<void> {
  // Without the parent nobody takes the result, and the machine is wanted by somebody else.
  process.once('disconnect', () => process.exit(1));
  if (!isChildName(name)) throw new Error(`there is no benchmark process "${name}"`);
  const work = (await WORK[name]()) as (job: unknown) => Promise<unknown>;
  const result = await work(JSON.parse(job));
  await new Promise((resolve) => process.send?.({ type: 'bench_result', result }, resolve));
  process.exit(0);
}

function isChildName(name: string): name is ChildName {
  return Object.hasOwn(WORK, name);
}
