import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { weightsToChunks } from '../../src/artifacts/safetensors/write.ts';
import type { JsonObject } from '../../src/contracts/json.ts';
import { randomStream } from '../../src/random/stream.ts';
import { initialiseWeights } from '../../src/transfer/initialise.ts';
import { e2eClassifier, INPUTS, MODEL_ENV, POISON } from './e2e-model.ts';
import { killEverythingOf } from './e2e-processes.ts';
import { testServerEnvironment } from './temporal-server.ts';

/** A directory with data, a pre-trained model and a run file; commands of a test run in it with its own state directory. */
export interface Workspace {
  readonly root: string;
  readonly stateDir: string;
  /** Absolute path of the run file. */
  readonly runFile: string;
  /** Absolute path of the file that makes the poison row fail while it exists. */
  readonly faultFile: string;
  readonly env: NodeJS.ProcessEnv;
}

/** The two stages' names, the run's name, and steps between two snapshots. */
export const STAGES = ['head', 'everything'] as const;
export const RUN_NAME = 'e2e-run';
export const SNAPSHOT_STEPS = 5;

/** Optimizer steps of each stage: 2 epochs of 240 rows in batches of 8. */
export const STEPS = 60;

/** Row id of the poison row: in the middle of the first epoch of stage 1 with the seed below. */
export const POISON_ROW = 'train-219';

/** Slow enough to hit a stage in the middle, fast enough for a suite: 60 steps take two seconds. */
const DELAY_MS = 25;

const CLASSES = 3;
const MODEL_SEED = 11;

/** Makes an empty workspace, whose slowed-down model waits `delayMs` at each step; after the test its processes are killed and it is removed. */
export async function openWorkspace(t: TestContext | undefined, runFile: string, delayMs = DELAY_MS): Promise<Workspace> {
  const root = await mkdtemp(join(tmpdir(), 'rootstock-e2e-'));
  const faultFile = join(root, 'fault');
  const workspace: Workspace = {
    root,
    stateDir: join(root, 'state'),
    runFile: join(root, runFile),
    faultFile,
    // Processes of this workspace are found by its directory, which is in the environment.
    env: { ...testServerEnvironment(), [MODEL_ENV.delay]: String(delayMs), [MODEL_ENV.fault]: faultFile },
  };
  t?.after(() => removeWorkspace(workspace));
  return workspace;
}

/** Makes a workspace; after the test its processes are killed and it is removed. */
export async function makeWorkspace(t: TestContext | undefined, run: JsonObject = runDocument()): Promise<Workspace> {
  const workspace = await openWorkspace(t, 'run.yaml');
  const { root } = workspace;
  for (const [split, rows] of [
    ['train', 240],
    ['validation', 48],
    ['test', 48],
  ] as const)
    await writeFile(join(root, `${split}.csv`), table(split, rows));
  await writePreTrained(join(root, 'pretrained'));
  await writeRun(workspace.runFile, run);
  return workspace;
}

/** The same workspace with trainers that take that long for a step, for what takes long itself. */
export function withDelay(workspace: Workspace, delayMs: number): Workspace {
  return { ...workspace, env: { ...workspace.env, [MODEL_ENV.delay]: String(delayMs) } };
}

/** Kills what is left of a workspace and removes it. */
export async function removeWorkspace({ root }: Workspace): Promise<void> {
  await killEverythingOf(root);
  await rm(root, { recursive: true, force: true, maxRetries: 5 });
}

/** Path of the module that defines the model, for --register. */
export const MODEL_MODULE = fileURLToPath(new URL('./e2e-model.ts', import.meta.url));

/** What a test changes in the run document. */
export interface Variation {
  readonly name?: string;
  readonly preTrained?: string;
  /** Learning rate of stage 1 and of stage 2. */
  readonly lr?: readonly [number, number];
  /** Optimizer of stage 2; the base has AdamW. */
  readonly secondOptimizer?: JsonObject;
  readonly output?: string;
}

/** A run of two stages: the first with the body frozen. JSON is YAML. */
export function runDocument({
  name = RUN_NAME,
  preTrained = 'pretrained',
  lr = [0.01, 0.002],
  secondOptimizer,
  output,
}: Variation = {}): JsonObject {
  return {
    name,
    seed: 3,
    data: { train: 'train.csv', validation: 'validation.csv', test: 'test.csv', row_id: 'id' },
    model: {
      name: e2eClassifier.name,
      config: {
        ...modelConfig(),
        transfer_learning: {
          pre_trained_model_path: preTrained,
          modules_to_match: { 'module.0': 'module.0', 'module.1': 'module.1' },
          stages: [
            { name: STAGES[0], freeze_modules: ['module.0', 'module.1'], optimizer: { config: { lr: lr[0] } } },
            { name: STAGES[1], optimizer: secondOptimizer ?? { config: { lr: lr[1] } } },
          ],
        },
      },
    },
    evaluation: { metrics: ['accuracy'] },
    output: { path: output ?? `models/${name}` },
  };
}

/** A run without transfer whose output `runDocument` can start from. */
export function preTrainingDocument(name: string): JsonObject {
  return {
    name,
    seed: 5,
    data: { train: 'train.csv', validation: 'validation.csv', row_id: 'id' },
    model: {
      name: e2eClassifier.name,
      config: { ...modelConfig(), trainer: { max_epochs: 1, snapshot: { every_steps: SNAPSHOT_STEPS } } },
    },
    output: { path: `models/${name}` },
  };
}

/** Writes a run file. */
export async function writeRun(path: string, run: JsonObject): Promise<void> {
  await writeFile(path, JSON.stringify(run, null, 2));
}

function modelConfig(): JsonObject {
  return {
    x_features: Array.from({ length: INPUTS }, (_, index) => `x${index}`),
    y_features: ['label'],
    hidden_dim: 12,
    dropout: 0.2,
    batch_norm: true,
    datamodule: { train: { batch_size: 8 }, validation: { batch_size: 48 }, test: { batch_size: 48 } },
    optimizer: { name: 'AdamW', config: { lr: 0.01 } },
    scheduler: { name: 'CosineAnnealingLR', config: { T_max: 'num_steps' } },
    trainer: { max_epochs: 2, log_every_n_steps: 10, snapshot: { every_steps: SNAPSHOT_STEPS } },
  };
}

/** Rows of normal numbers whose label is the largest of the first three, so that there is something to learn. */
function table(split: string, rows: number): string {
  const random = randomStream(1, 'e2e', split);
  const lines = Array.from({ length: rows }, (_, row) => {
    const id = `${split}-${row}`;
    const x = Array.from({ length: INPUTS }, () => random.normal());
    const label = x.slice(0, CLASSES).indexOf(Math.max(...x.slice(0, CLASSES)));
    const shown = id === POISON_ROW ? [POISON, ...x.slice(1)] : x;
    return [id, ...shown.map((value) => value.toFixed(6)), label].join(',');
  });
  const header = ['id', ...Array.from({ length: INPUTS }, (_, index) => `x${index}`), 'label'].join(',');
  return `${[header, ...lines].join('\n')}\n`;
}

/** A saved model with the right shapes; where its weights come from does not matter here. */
async function writePreTrained(directory: string): Promise<void> {
  await mkdir(directory);
  const tree = e2eClassifier.describe({ hidden_dim: 12, dropout: 0.2, batch_norm: true }, { inputWidth: INPUTS, outputWidth: CLASSES });
  await writeFile(join(directory, 'weights.safetensors'), Buffer.concat([...weightsToChunks(initialiseWeights(tree, MODEL_SEED))]));
  await writeFile(join(directory, 'model_config.json'), JSON.stringify({ name: e2eClassifier.name, config: modelConfig() }));
}
