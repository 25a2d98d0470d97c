import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { endRootstock, startRootstock } from './rootstock-command.ts';
import { loggedStages, readLease, sampleLogSize } from './sample-logs.ts';
import { PHASES, TUTORIAL_FILES, writeRunFiles } from './tutorial-files.ts';

/** What one side of B4 took. */
export interface TutorialResult {
  /** From the start of the process to the saved model. */
  readonly wallSeconds: number;
  /** Of each phase: from the end of its first step to the end of its last one, per step. */
  readonly stepMs: readonly number[];
  /** Per molecule. */
  readonly predictMs: number;
  readonly importSeconds: number;
}

const MOLECULES = 1000;
const POLL_MS = 4;

/** Runs the tutorial as a user does, with a server and a state of its own, then predicts all molecules. */
export async function runOurTutorial(directory: string, own: string, seed: number): Promise<TutorialResult> {
  await writeRunFiles(own, seed);
  const state = join(own, '.rootstock');
  const running = startRootstock(own, ['run', TUTORIAL_FILES.transfer, '--json']);
  const ended = { yet: false };
  const done = running.ended.finally(() => {
    ended.yet = true;
  });
  const [{ wallMs }, stepMs] = await Promise.all([done, watchSteps(state, ended)]);
  await endRootstock(own);
  const words = ['--model', 'model', '--data', join(directory, TUTORIAL_FILES.all), '--out', 'predictions.csv'];
  const predicted = await startRootstock(own, ['predict', ...words, '--batch-size', '128']).ended;
  return { wallSeconds: wallMs / 1000, stepMs, predictMs: predicted.wallMs / MOLECULES, importSeconds: 0 };
}

/** Runs the tutorial in Python, one thread. */
export async function runPhysicsml(python: string, directory: string, own: string): Promise<TutorialResult> {
  const script = fileURLToPath(new URL('./tutorial.py', import.meta.url));
  const paths = [TUTORIAL_FILES.train, TUTORIAL_FILES.all].map((name) => join(directory, name));
  const started = performance.now();
  const { stdout } = await promisify(execFile)(python, [script, ...paths, own], {
    env: { ...process.env, OMP_NUM_THREADS: '1' },
    maxBuffer: 2 ** 26,
  });
  const wallMs = performance.now() - started;
  const line = stdout.split('\n').findLast((text) => text.startsWith('{"importSeconds"')) ?? '{}';
  const result = JSON.parse(line) as {
    readonly importSeconds: number;
    readonly tutorialSeconds: number;
    readonly totalSeconds: number;
    readonly predictSeconds: number;
    readonly phases: readonly (readonly number[])[];
  };
  for (const [phase, { epochs, batches }] of PHASES.entries()) {
    const steps = result.phases[phase]?.length;
    if (steps !== epochs * batches) throw new Error(`physicsml did ${steps} steps in phase ${phase + 1}, expected ${epochs * batches}`);
  }
  return {
    // The interpreter's own start is before its clock, its end after it.
    wallSeconds: result.tutorialSeconds + (wallMs / 1000 - result.totalSeconds),
    stepMs: result.phases.map((moments) => (1000 * ((moments.at(-1) ?? 0) - (moments[0] ?? 0))) / (moments.length - 1)),
    predictMs: (1000 * result.predictSeconds) / MOLECULES,
    importSeconds: result.importSeconds,
  };
}

/** Watches the sample logs of a run, where each step is a line, and returns ms per step of each stage, in the order in which they began. */
async function watchSteps(state: string, ended: { readonly yet: boolean }): Promise<readonly number[]> {
  const stages = new Map<string, { size: number; readonly first: number; last: number }>();
  while (!ended.yet) {
    const now = performance.now();
    for (const key of loggedStages(state)) {
      const size = sampleLogSize(state, key);
      const seen = stages.get(key);
      if (size > 0 && seen === undefined) stages.set(key, { size, first: now, last: now });
      else if (seen !== undefined && size > seen.size) Object.assign(seen, { size, last: now });
    }
    await sleep(POLL_MS);
  }
  const perStep = [...stages].map(([key, { first, last }]) => {
    const { first: firstStep, last: lastStep } = readLease(state, key, 0);
    return (last - first) / (lastStep - firstStep);
  });
  if (perStep.length !== PHASES.length) throw new Error(`the run had ${perStep.length} stages, expected ${PHASES.length}`);
  return perStep;
}
