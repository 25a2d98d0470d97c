import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { weightsToChunks } from '../src/artifacts/safetensors/write.ts';
import type { Weights } from '../src/contracts/tensors.ts';
import { loadBackend } from '../src/kernels/backend.ts';
import type { ForwardContext } from '../src/models/definition.ts';
import { composedOps } from '../src/ops/composed-ops.ts';
import { createOps } from '../src/ops/create-ops.ts';
import type { Ops } from '../src/ops/ops.ts';
import { createOptimizer } from '../src/training/optimizers/create-optimizer.ts';
import type { Optimizer, Slots } from '../src/training/optimizers/optimizer.ts';
import { downloadTensors, uploadTensor } from '../src/training/tensor-data.ts';
import { resolveFreeze } from '../src/transfer/freeze.ts';
import { loadStockWasm, stockAdam } from './stock-wasm.ts';
import { FILES, MODEL, modelConfig, preTrainedWeights, treeOf, type Workload, type WorkloadStage } from './workload.ts';

/** Trains a workload with nothing around the steps: no store, server, snapshots, logs or messages. */
export interface BareJob {
  readonly workload: Workload;
  /** `pack`: the product's kernels and optimizer. `stock`: tfjs's wasm backend as it comes, Adam written with tfjs ops. */
  readonly kernels: 'pack' | 'stock';
  /** Where the final weights go. */
  readonly output: string;
}

/** What came out. */
export interface BareResult {
  /** From loaded modules to saved weights. */
  readonly wallMs: number;
  /** Of it, the optimizer steps. */
  readonly loopMs: number;
  /** Mean loss of the last batch. */
  readonly loss: number;
  readonly weightsSha256: string;
}

interface Batches {
  readonly x: Float32Array;
  readonly y: Float32Array;
}

/** Trains the stages one after the other in this process. The same order of rows, batches and steps as the durable run; data stay in memory. */
export async function trainBare({ workload, kernels, output }: BareJob): Promise<BareResult> {
  const started = performance.now();
  await (kernels === 'pack' ? loadBackend('wasm') : loadStockWasm());
  const optimizer = kernels === 'pack' ? createOptimizer({ name: 'Adam', config: { lr: workload.lr } }) : stockAdam();
  const ops = kernels === 'pack' ? createOps() : composedOps();
  const numbers = await readFloats(join(workload.directory, FILES.numbers));
  const at = workload.rows * workload.width;
  const data = { x: numbers.subarray(0, at), y: numbers.subarray(at) };
  let weights: Weights = preTrainedWeights(workload);
  let [loopMs, loss] = [0, Number.NaN];
  for (const stage of workload.stages) {
    const begun = performance.now();
    const trained = await trainStage({ workload, stage, optimizer, weights, data, ops });
    loopMs += performance.now() - begun;
    ({ weights, loss } = trained);
  }
  await writeFile(output, weightsToChunks(weights));
  const wallMs = performance.now() - started;
  const hash = createHash('sha256');
  for (const chunk of weightsToChunks(weights)) hash.update(chunk);
  return { wallMs, loopMs, loss, weightsSha256: hash.digest('hex') };
}

async function trainStage(input: {
  readonly workload: Workload;
  readonly stage: WorkloadStage;
  readonly optimizer: Optimizer;
  readonly weights: Weights;
  readonly data: Batches;
  readonly ops: Ops;
}): Promise<{ readonly weights: Weights; readonly loss: number }> {
  const { workload, stage, optimizer, weights, data, ops } = input;
  const tree = treeOf(workload);
  const trainable = new Set(resolveFreeze(stage.freeze, tree).trainable);
  const tensors = new Map([...weights].map(([path, values]) => [path, uploadTensor(values)]));
  const variables = tree.tensors
    .filter(({ path }) => trainable.has(path))
    .map(({ path }) => tf.variable(tensors.get(path) as tf.Tensor, true, path));
  const slots = new Map<string, Slots>(variables.map(({ name, shape }) => [name, optimizer.initialState({ path: name, shape })]));
  const params = { ...Object.fromEntries(tensors), ...Object.fromEntries(variables.map((variable) => [variable.name, variable])) };
  const context = plainContext(workload, ops);
  const { batchSize, width, lr } = workload;
  const batches = Math.floor(workload.rows / batchSize);
  let loss = Number.NaN;
  for (let step = 0; step < stage.epochs * batches; step += 1) {
    const first = (step % batches) * batchSize;
    const inputs = tf.tensor2d(data.x.subarray(first * width, (first + batchSize) * width), [batchSize, width]);
    const targets = tf.tensor2d(data.y.subarray(first, first + batchSize), [batchSize, 1]);
    const { value, grads } = tf.variableGrads(
      () => MODEL.loss(MODEL.forward(params, inputs, context), targets, ops, context.config),
      variables,
    );
    for (const variable of variables) {
      const gradient = grads[variable.name] as tf.Tensor;
      const old = slots.get(variable.name) as Slots;
      const next = tf.tidy(() => {
        const { parameter, slots: state } = optimizer.update({
          path: variable.name,
          parameter: variable,
          gradient,
          slots: old,
          step: step + 1,
          lr,
        });
        return { parameter, state: { ...state } };
      });
      variable.assign(next.parameter);
      tf.dispose([next.parameter, gradient, ...Object.values(old)]);
      slots.set(variable.name, next.state);
    }
    if (step === stage.epochs * batches - 1) loss = value.dataSync()[0] ?? Number.NaN;
    tf.dispose([value, inputs, targets]);
  }
  const trained = await downloadTensors(new Map(Object.entries(params)));
  tf.dispose([...tensors.values(), ...variables, ...[...slots.values()].flatMap((state) => Object.values(state))]);
  return { weights: trained, loss };
}

/** An MLP without dropout or BatchNorm asks for nothing else. */
function plainContext(workload: Workload, ops: Ops): ForwardContext {
  const refuse = () => {
    throw new Error('the workload has neither dropout nor buffers');
  };
  return {
    config: modelConfig(workload),
    facts: { inputWidth: workload.width, outputWidth: 1 },
    ops,
    isFrozen: () => false,
    mode: () => 'train',
    dropoutMask: refuse,
    noise: refuse,
    updateBuffer: refuse,
  };
}

async function readFloats(path: string): Promise<Float32Array> {
  const bytes = await readFile(path);
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}
