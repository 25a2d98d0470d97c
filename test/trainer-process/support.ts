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
import { graphColumnsOf } from '../../src/contracts/graph-columns.ts';
import type { JsonObject } from '../../src/contracts/json.ts';
import type { DataRequest, Plan } from '../../src/contracts/plan.ts';
import type { EvaluateJob, FitJob, FromTrainer, ToTrainer, TrainerJob } from '../../src/contracts/trainer-protocol.ts';
import type { Dataset, FeatureDataset, GraphDataset } from '../../src/data/dataset.ts';
import { materialiseData } from '../../src/data/materialise-data.ts';
import type { StageSetup } from '../../src/training/stage-setup.ts';
import { scratchDirectory } from '../helpers/scratch-directory.ts';

/** A store that holds everything a trainer needs for one stage. */
export interface Workspace {
  readonly directory: string;
  readonly store: ArtifactStore;
  readonly stageKey: string;
  readonly setup: StageSetup;
  /** Takes the next lease and makes the job of an attempt. */
  readonly fitJob: (options?: Partial<FitJob>) => Promise<FitJob>;
  readonly evaluateJob: () => EvaluateJob;
}

/** Makes a workspace whose data are the setup's, through a JSONL file as a run would read them. */
export async function createWorkspace(setup: StageSetup): Promise<Workspace> {
  const directory = await scratchDirectory();
  const store = await openFsStore(join(directory, 'store'));
  const request = await writeData(directory, setup);
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
      xFeatures: request.x,
      yFeatures: request.y,
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

async function writeData(directory: string, { train, validation }: StageSetup): Promise<DataRequest> {
  const write = async (split: string, dataset: Dataset) => {
    const rows = dataset.kind === 'features' ? featureRows(dataset) : moleculeRows(dataset);
    const path = join(directory, `${split}-${randomUUID()}.jsonl`);
    await writeFile(path, rows.map((row, index) => `${JSON.stringify({ id: `${split}-${index}`, ...row })}\n`).join(''));
    return { kind: 'files', path } as const;
  };
  const graph =
    train.kind === 'graphs' ? graphColumnsOf({ num_elements: train.numElements, y_graph_scalars: ['y'] }, MOLECULES, ['y'], []) : null;
  return {
    sources: {
      kind: 'separate',
      train: await write('train', train),
      validation: validation === null ? null : await write('validation', validation),
      test: null,
    },
    rowId: 'id',
    x: train.kind === 'graphs' ? MOLECULES : Object.keys(featureRow(train, 0)),
    y: ['y'],
    task: 'regression',
    classes: null,
    ...(graph !== null && { graph }),
  };
}

/** Columns of molecules beside their target. */
const MOLECULES = ['physicsml_atom_numbers', 'physicsml_coordinates'];

function featureRow({ width, x }: FeatureDataset, row: number): JsonObject {
  return Object.fromEntries(Array.from({ length: width }, (_, column) => [`x${column}`, x[row * width + column] ?? 0]));
}

function featureRows(dataset: FeatureDataset): readonly JsonObject[] {
  return Array.from({ length: dataset.rows }, (_, row) => ({ ...featureRow(dataset, row), y: dataset.y[row] ?? 0 }));
}

/** Of molecules with one target each. */
function moleculeRows({ rows, nodeOffsets, atomNumbers, coordinates, targets }: GraphDataset): readonly JsonObject[] {
  return Array.from({ length: rows }, (_, row) => {
    const atoms = Array.from(
      atomNumbers.subarray(nodeOffsets[row], nodeOffsets[row + 1]),
      (_number, atom) => (nodeOffsets[row] ?? 0) + atom,
    );
    return {
      physicsml_atom_numbers: atoms.map((atom) => atomNumbers[atom] ?? 0),
      physicsml_coordinates: atoms.map((atom) => [...coordinates.subarray(3 * atom, 3 * atom + 3)]),
      y: targets.y_graph_scalars?.values[row] ?? 0,
    };
  });
}
