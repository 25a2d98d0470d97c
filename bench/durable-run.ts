import { join } from 'node:path';
import type { BareResult } from './bare-loop.ts';
import { runChild } from './child.ts';
import { endRootstock, startRootstock } from './rootstock-command.ts';
import { countSteps, FILES, type Workload, writeWorkload } from './workload.ts';

/** What a durable run took, in milliseconds. */
export interface DurableResult {
  /** From before the process starts to its exit. */
  readonly wallMs: number;
  /** Of it, before the first stage trains: process, plan, server, worker, load, match. */
  readonly beforeStagesMs: number;
  /** Of it, from the first stage's training to the end of the last stage: trainers, steps, snapshots, checkpoints. As seen by the command, within half a second. */
  readonly stagesMs: number;
  readonly weightsSha256: string;
}

/** Runs `rootstock run` on a workload with a state directory of its own: a new server, a new store, everything on. */
export async function runDurable({ directory }: Workload, pair: number): Promise<DurableResult> {
  const words = ['--state', `state-${pair}`, 'run', FILES.run, '--json', '--set', `output.path=output-${pair}`];
  const { wallMs, events } = await startRootstock(directory, words).ended;
  await endRootstock(directory);
  const completed = events.at(-1)?.event;
  if (completed?.['event'] !== 'completed') throw new Error(`the durable run ended with ${JSON.stringify(completed)}`);
  const training = events.find(({ event }) => event['event'] === 'stage' && event['state'] === 'train');
  const lastDone = events.findLast(({ event }) => event['event'] === 'stage_done');
  const beforeStagesMs = training?.atMs ?? Number.NaN;
  const stagesMs = (lastDone?.atMs ?? Number.NaN) - beforeStagesMs;
  return { wallMs, beforeStagesMs, stagesMs, weightsSha256: String(completed['weights_sha256']) };
}

/** Runs the same stages in a bare loop in a fresh process. */
export function runBare(workload: Workload, kernels: 'pack' | 'stock'): Promise<BareResult> {
  return runChild('bare', { workload, kernels, output: join(workload.directory, `bare-${kernels}.safetensors`) });
}

/**
 * Chooses the epochs so that the bare loop takes about that many seconds on this machine, and writes the workload's files. Every stage gets the same.
 */
export async function prepareWorkload(
  draft: Workload,
  input: { readonly kernels: 'pack' | 'stock'; readonly seconds: number; readonly say: (text: string) => void },
): Promise<Workload> {
  await writeWorkload(draft);
  const { loopMs } = await runBare(draft, input.kernels);
  const epochs = Math.max(1, Math.ceil((input.seconds * 1000) / loopMs));
  const workload = { ...draft, stages: draft.stages.map((stage) => ({ ...stage, epochs })) };
  await writeWorkload(workload);
  input.say(`${countSteps(workload)} steps in ${workload.stages.length} stages of ${epochs} epochs`);
  return workload;
}

/** The three stages of B1 and B2 on an MLP of 4 linear modules, 128 -> 512 -> 512 -> 512 -> 1: thawed from the head down. */
export function threeStages(directory: string, seed: number): Workload {
  return {
    directory,
    seed,
    rows: 4096,
    width: 128,
    numLayers: 4,
    hiddenDim: 512,
    batchSize: 64,
    lr: 1e-4,
    stages: [
      { name: 'head', freeze: ['module.0', 'module.2'], epochs: 1 },
      { name: 'upper', freeze: ['module.0'], epochs: 1 },
      { name: 'all', freeze: [], epochs: 1 },
    ],
  };
}
