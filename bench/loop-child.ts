import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import type { FeatureDataset } from '../src/data/dataset.ts';
import { loadBackend } from '../src/kernels/backend.ts';
import { randomStream } from '../src/random/stream.ts';
import { openChannel } from '../src/trainer-process/channel.ts';
import { turnWhenDue } from '../src/trainer-process/job-context.ts';
import { fit } from '../src/training/fit.ts';
import { trainingContext } from '../src/training/forward-context.ts';
import { createOptimizer } from '../src/training/optimizers/create-optimizer.ts';
import type { Slots } from '../src/training/optimizers/optimizer.ts';
import { openSampleLog } from '../src/training/sample-log.ts';
import type { StageSetup } from '../src/training/stage-setup.ts';
import { uploadTensor } from '../src/training/tensor-data.ts';
import { type FeatureSetup, makeDataset, makeSetup } from '../test/training/support.ts';
import { measurePairs, type Sample, toSample } from './benchmark.ts';
import type { Side } from './statistics.ts';

/** Our training loop against a raw one on the same kernels. */
export interface LoopJob {
  readonly network: keyof typeof NETWORKS;
  readonly steps: number;
  readonly samples: number;
  /** For sample logs. */
  readonly directory: string;
}

/** Milliseconds per step: of wall time, and of processor time, which a busy machine disturbs less. */
export interface LoopResult {
  readonly wall: readonly Sample[];
  readonly cpu: readonly Sample[];
  readonly parameters: number;
  readonly batchSize: number;
}

const [BATCH, LR] = [32, 1e-3];

/** Small networks: the smaller the step, the more a loop around it shows. */
const NETWORKS = {
  mlp: () => setupOf({ data: makeDataset(2048, 64, 1), config: { num_layers: 3, hidden_dim: 128 } }),
  cnn: () => setupOf({ data: images(1024), model: 'cnn_classifier', config: { input_shape: [1, 28, 28], classes: [0, 1, 2, 3, 4] } }),
} as const;

/** Measures both loops in one process, in turn. Each pass starts from the same weights; its first step is not timed. */
export async function measureLoops({ network, steps, samples, directory }: LoopJob): Promise<LoopResult> {
  await loadBackend('wasm');
  const setup = NETWORKS[network]();
  const limited = { ...setup, stage: { ...setup.stage, totalSteps: steps, trainer: { ...setup.stage.trainer, maxSteps: steps } } };
  const channel = openChannel(
    { on: () => undefined, send: (message, done) => process.send?.(message, undefined, {}, done) ?? false },
    () => undefined,
  );
  const cpu: Record<Side, number[]> = { ours: [], baseline: [] };
  const both = (side: Side, time: StepTime) => {
    cpu[side].push(time.cpuMs);
    return time.wallMs;
  };
  const wall = await measurePairs(samples, {
    ours: async (pair) => both('ours', await ourLoop(limited, channel, join(directory, `${network}-${pair}.jsonl`))),
    baseline: async () => both('baseline', await rawLoop(setup, steps)),
  });
  return {
    wall,
    cpu: cpu.ours.map((ours, pair) => toSample(ours, cpu.baseline[pair] ?? Number.NaN)),
    parameters: setup.stage.mask.trainableParameters,
    batchSize: BATCH,
  };
}

/** The product's loop as a trainer process runs it: sample log in a file, messages to the parent, losses read every 50 steps; no snapshot but the last. */
async function ourLoop(setup: StageSetup, channel: ReturnType<typeof openChannel>, logPath: string): Promise<StepTime> {
  const sampleLog = openSampleLog(logPath);
  const clock = startClock(setup.stage.totalSteps);
  await fit(setup, {
    now: () => performance.now(),
    nextTurn: turnWhenDue,
    sink: { newest: () => null, commit: ({ state }) => Promise.resolve({ snapshot: 0, step: state.counters.step, stateDigest: '' }) },
    sampleLog,
    events: {
      phase: (phase, budgetMs) => channel.phase(phase, budgetMs),
      progress(progress) {
        channel.progress(progress);
        clock.step();
      },
      snapshot: () => undefined,
    },
    takeRequest: () => 'none',
    snapshotEveryStep: false,
    resume: null,
  });
  sampleLog.close();
  return clock.perStep();
}

/** tf.variableGrads and one optimizer update per parameter, nothing else: batches are views of the data in file order, no loss is read before the end. */
async function rawLoop(setup: FeatureSetup, steps: number): Promise<StepTime> {
  const { stage, model, inputWeights, train } = setup;
  const optimizer = createOptimizer(stage.optimizer);
  const variables = [...inputWeights].map(([path, data]) => tf.variable(uploadTensor(data), true, path));
  const params = Object.fromEntries(variables.map((variable) => [variable.name, variable]));
  const slots = new Map<string, Slots>(variables.map(({ name, shape }) => [name, optimizer.initialState({ path: name, shape })]));
  const context = trainingContext(setup, { batchCounter: 0, trained: inputWeights }, () => undefined);
  const batches = Math.floor(train.rows / BATCH);
  const clock = startClock(steps);
  let loss: tf.Scalar = tf.scalar(0);
  for (let step = 0; step < steps; step += 1) {
    loss.dispose();
    const { inputs, targets } = viewBatch(train, (step % batches) * BATCH);
    const { value, grads } = tf.variableGrads(
      () => model.definition.loss(model.definition.forward(params, inputs, context), targets, model.ops, model.config),
      variables,
    );
    for (const variable of variables) {
      const old = slots.get(variable.name) ?? {};
      const gradient = grads[variable.name] as tf.Tensor;
      const input = { path: variable.name, parameter: variable, gradient, slots: old, step: step + 1, lr: LR };
      const next = tf.tidy(() => {
        const { parameter, slots: state } = optimizer.update(input);
        return { parameter, state: { ...state } };
      });
      variable.assign(next.parameter);
      tf.dispose([next.parameter, gradient, ...Object.values(old)]);
      slots.set(variable.name, next.state);
    }
    tf.dispose([inputs, targets]);
    loss = value;
    if (step === steps - 1) await loss.data();
    clock.step();
  }
  tf.dispose([loss, ...variables, ...[...slots.values()].flatMap((state) => Object.values(state))]);
  return clock.perStep();
}

/** Milliseconds per step. */
interface StepTime {
  readonly wallMs: number;
  readonly cpuMs: number;
}

/**
 * Times `steps` steps from the end of the first one, which warms up. The processor time is that of all threads of this process; asking for
 * it takes 0.2 ms on some machines, so it is asked for twice in all.
 */
function startClock(steps: number): { step(): void; perStep(): StepTime } {
  const read = () => {
    const { user, system } = process.cpuUsage();
    return { wall: performance.now(), cpu: (user + system) / 1000 };
  };
  let done = 0;
  let [first, last] = [read(), read()];
  return {
    step() {
      done += 1;
      if (done === 1) first = read();
      if (done === steps) last = read();
    },
    perStep: () => ({ wallMs: (last.wall - first.wall) / (steps - 1), cpuMs: (last.cpu - first.cpu) / (steps - 1) }),
  };
}

function viewBatch({ x, y, width }: FeatureDataset, first: number): { readonly inputs: tf.Tensor; readonly targets: tf.Tensor } {
  const labels = y.subarray(first, first + BATCH);
  return {
    inputs: tf.tensor2d(x.subarray(first * width, (first + BATCH) * width), [BATCH, width]),
    targets: labels instanceof Int32Array ? tf.tensor1d(labels, 'int32') : tf.tensor2d(labels, [BATCH, 1]),
  };
}

function setupOf(options: Parameters<typeof makeSetup>[0]): FeatureSetup {
  return makeSetup({
    ...options,
    validation: null,
    trainer: { backend: 'wasm', maxEpochs: 1_000_000, logEveryNSteps: 50 },
    train: { batchSize: BATCH, shuffle: false },
    optimizer: { name: 'Adam', config: { lr: LR } },
  });
}

/** Noise with labels 0..4: what the pixels show does not matter for the time. */
function images(rows: number): FeatureDataset {
  const { uint32 } = randomStream(1, 'bench', 'labels');
  return { ...makeDataset(rows, 784, 1), y: Int32Array.from({ length: rows }, () => uint32() % 5), targetWidth: 5 };
}
