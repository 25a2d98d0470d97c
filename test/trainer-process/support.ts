import { type ChildProcess, fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openFsStore } from '../../src/artifacts/fs-store.ts';
import { putJson } from '../../src/artifacts/json-blob.ts';
import { takeLease } from '../../src/artifacts/leases.ts';
import { thisProcess } from '../../src/artifacts/process-identity.ts';
import { saveWeights } from '../../src/artifacts/safetensors/weights-blob.ts';
import type { ArtifactStore } from '../../src/artifacts/store.ts';
import type { DataRequest, Plan } from '../../src/contracts/plan.ts';
import type { EvaluateJob, FitJob, FromTrainer, ToTrainer, TrainerJob } from '../../src/contracts/trainer-protocol.ts';
import { materialiseData } from '../../src/data/materialise-data.ts';
import { scratchDirectory } from '../helpers/scratch-directory.ts';
import type { FeatureSetup } from '../training/support.ts';

/** A store that holds everything a trainer needs for one stage. */
export interface Workspace {
  readonly directory: string;
  readonly store: ArtifactStore;
  readonly stageKey: string;
  readonly setup: FeatureSetup;
  /** Takes the next lease and makes the job of an attempt. */
  readonly fitJob: (options?: Partial<FitJob>) => Promise<FitJob>;
  readonly evaluateJob: () => EvaluateJob;
}

/** Makes a workspace whose data are the setup's, through a JSONL file as a run would read them. */
export async function createWorkspace(setup: FeatureSetup): Promise<Workspace> {
  const directory = await scratchDirectory();
  const store = await openFsStore(join(directory, 'store'));
  const x = Array.from({ length: setup.train.width }, (_, column) => `x${column}`);
  const request = await writeData(directory, setup, x);
  const { facts, blobs } = await materialiseData(request, (chunks) => store.put(chunks));
  const plan: Plan = {
    format: 1,
    name: 'tiny-run',
    seed: setup.seed,
    model: {
      name: setup.model.definition.name,
      definitionVersion: setup.model.definition.version,
      task: setup.model.definition.task,
      config: setup.model.config,
      facts: setup.model.facts,
      xFeatures: x,
      yFeatures: ['y'],
      classes: null,
      tree: setup.tree,
    },
    initial: { kind: 'fresh' },
    data: { request, facts },
    stages: [setup.stage],
    baseline: null,
    evaluation: { metrics: ['mae'] },
    output: { path: join(directory, 'output') },
    runDigest: '0'.repeat(64),
    warnings: [],
  };
  const planRef = await putJson(store, plan);
  const mask = await putJson(store, setup.stage.mask);
  const weights = await saveWeights(store, setup.inputWeights);
  const stageKey = (await putJson(store, { test: directory })).digest;
  const base = { store: join(directory, 'store'), register: [], plan: planRef };
  return {
    directory,
    store,
    stageKey,
    setup,
    async fitJob(options = {}) {
      const holder = {
        ...(await thisProcess()),
        namespace: 'test',
        workflowId: 'w',
        runId: 'r',
        activityId: 'a',
        attempt: 1,
        resumeStep: 0,
      };
      const { number, token } = await takeLease(store, stageKey, holder);
      return {
        ...base,
        kind: 'fit',
        stage: 0,
        stageKey,
        mask,
        inputWeights: weights,
        data: blobs,
        lease: { number, token },
        snapshotHint: 0,
        snapshotEveryStep: false,
        sampleLog: join(directory, `lease-${number}.jsonl`),
        ...options,
      };
    },
    evaluateJob() {
      const data = blobs.validation;
      if (data === undefined) throw new Error('the setup has no validation split');
      return { ...base, kind: 'evaluate', weights, data, split: 'test', prefix: 'test' };
    },
  };
}

/** Lines of a raw sample log. */
export async function readLines(path: string): Promise<readonly string[]> {
  return (await readFile(path, 'utf8')).split('\n').filter((line) => line !== '');
}

/** A forked trainer and what it has said. */
export interface Trainer {
  readonly child: ChildProcess;
  readonly messages: FromTrainer[];
  readonly closed: Promise<{ readonly code: number | null; readonly signal: string | null }>;
  readonly send: (message: ToTrainer) => void;
}

/** Forks src/trainer-process/main.ts and gives it a job once it is ready, after which it may `stay`. `hear` is called for every message. */
export function startTrainer(
  job: TrainerJob,
  hear: (message: FromTrainer, trainer: Trainer) => void = () => undefined,
  { stay = false } = {},
): Trainer {
  const main = fileURLToPath(new URL('../../src/trainer-process/main.ts', import.meta.url));
  const child = fork(main, [], { execArgv: ['--import', import.meta.resolve('tsx')], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const messages: FromTrainer[] = [];
  const trainer: Trainer = {
    child,
    messages,
    closed: once(child, 'exit').then(([code, signal]) => ({ code: code as number | null, signal: signal as string | null })),
    send: (message) => void child.send(message),
  };
  child.on('message', (message: FromTrainer) => {
    messages.push(message);
    if (message.type === 'ready' && messages.length === 1) trainer.send({ type: 'start', job, stay });
    hear(message, trainer);
  });
  return trainer;
}

/** Runs a job to its end and returns the last word. */
export async function runJob(job: TrainerJob): Promise<FromTrainer> {
  const trainer = startTrainer(job);
  await trainer.closed;
  const last = trainer.messages.at(-1);
  if (last === undefined) throw new Error('the trainer said nothing');
  return last;
}

async function writeData(directory: string, { train, validation }: FeatureSetup, x: readonly string[]): Promise<DataRequest> {
  const paths = new Map<string, string>();
  for (const [split, dataset] of Object.entries({ train, validation })) {
    if (dataset === null) continue;
    const rows = Array.from({ length: dataset.rows }, (_, row) => {
      const values = Object.fromEntries(x.map((name, column) => [name, dataset.x[row * dataset.width + column]]));
      return JSON.stringify({ id: `${split}-${row}`, ...values, y: dataset.y[row] });
    });
    const path = join(directory, `${split}-${randomUUID()}.jsonl`);
    await writeFile(path, `${rows.join('\n')}\n`);
    paths.set(split, path);
  }
  const source = (split: string) => {
    const path = paths.get(split);
    return path === undefined ? null : ({ kind: 'files', path } as const);
  };
  return {
    sources: { kind: 'separate', train: source('train') ?? { kind: 'files', path: '' }, validation: source('validation'), test: null },
    rowId: 'id',
    x,
    y: ['y'],
    task: 'regression',
    classes: null,
  };
}
