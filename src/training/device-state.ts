import type { Tensor } from '@tensorflow/tfjs-core';
import type { OptimizerState } from '../artifacts/optimizer-state.ts';
import type { TrainingState } from '../artifacts/training-state.ts';
import type { TensorData, Weights } from '../contracts/tensors.ts';
import { RootstockError } from '../errors.ts';
import type { Params } from '../models/definition.ts';
import { fitsHeapLoop } from './heap.ts';
import type { Optimizer, Slots, UpdateResult } from './optimizers/optimizer.ts';
import type { StageSetup } from './stage-setup.ts';
import { downloadTensor, downloadTensors, uploadTensor } from './tensor-data.ts';

/**
 * A stage's tensors on the device. Parameters are never written in place (XNNPACK caches packed weights by tensor id): a new one replaces the
 * old one, which is disposed of.
 */
export interface DeviceState {
  readonly trainable: ReadonlyMap<string, Tensor>;
  readonly frozen: ReadonlyMap<string, Tensor>;
  readonly buffers: ReadonlyMap<string, Tensor>;
  readonly slots: ReadonlyMap<string, Slots>;
  /** Slots before the newest update, of parameters so small that making tensors takes longer than updating them: the next update may write there. */
  readonly spare: ReadonlyMap<string, Slots>;
  /** Updates of each trainable parameter. */
  readonly parameterSteps: ReadonlyMap<string, number>;
  /**
   * Everything a forward pass reads, until something is replaced. `buffers` stand in for those of the state, for the batches of one accumulation
   * window.
   */
  params(buffers?: ReadonlyMap<string, Tensor>): Params;
  /** Takes over a parameter's next value and slots; counts the update. */
  replaceParameter(path: string, next: UpdateResult): void;
  replaceBuffer(path: string, next: Tensor): void;
  /** Copies what a snapshot holds to the host. */
  download(): Promise<Pick<TrainingState, 'weights' | 'slots'>>;
  dispose(): void;
}

/** Creates a stage's tensors: from a saved state, else from the input weights, with fresh slots or those of the stage before. */
export function createDeviceState(setup: StageSetup, optimizer: Optimizer, resume: TrainingState | null): DeviceState {
  const { tree, stage, inputWeights } = setup;
  const trainablePaths = new Set(stage.mask.trainable);
  const moving = resume?.weights ?? inputWeights;
  const parameters = tree.tensors.filter(({ kind }) => kind === 'parameter');
  const upload = (specs: typeof parameters, source: Weights) => new Map(specs.map(({ path }) => [path, uploadTensor(read(source, path))]));
  const trainableSpecs = parameters.filter(({ path }) => trainablePaths.has(path));
  const trainable = upload(trainableSpecs, moving);
  const frozen = upload(
    parameters.filter(({ path }) => !trainablePaths.has(path)),
    inputWeights,
  );
  const buffers = upload(
    tree.tensors.filter(({ kind }) => kind === 'buffer'),
    moving,
  );
  const before = savedOptimizer(setup, resume);
  const slots = new Map<string, Slots>(
    trainableSpecs.map((spec) => [
      spec.path,
      before.steps.has(spec.path) ? restoreSlots(before, spec.path, optimizer) : optimizer.initialState(spec),
    ]),
  );
  const spare = new Map<string, Slots>();
  const parameterSteps = new Map(trainableSpecs.map(({ path }) => [path, before.steps.get(path) ?? 0]));
  // Kept up to date, because making it anew takes longer than the step of a small head.
  const everything: Record<string, Tensor> = Object.fromEntries([...frozen, ...trainable, ...buffers]);
  return {
    trainable,
    frozen,
    buffers,
    slots,
    spare,
    parameterSteps,
    params: (current = buffers) => (current.size === 0 ? everything : { ...everything, ...Object.fromEntries(current) }),
    replaceParameter(path, next) {
      trainable.get(path)?.dispose();
      trainable.set(path, next.parameter);
      everything[path] = next.parameter;
      const old = slots.get(path) ?? {};
      const oldSpare = spare.get(path) ?? {};
      slots.set(path, next.slots);
      const reuses = fitsHeapLoop(next.parameter);
      if (reuses) spare.set(path, old);
      disposeUnless(oldSpare, next.slots);
      if (!reuses) disposeUnless(old, {});
      parameterSteps.set(path, (parameterSteps.get(path) ?? 0) + 1);
    },
    replaceBuffer(path, next) {
      buffers.get(path)?.dispose();
      buffers.set(path, next);
      everything[path] = next;
    },
    async download() {
      return { weights: await downloadTensors(new Map([...trainable, ...buffers])), slots: await downloadSlots(slots) };
    },
    dispose() {
      for (const tensor of [...trainable.values(), ...frozen.values(), ...buffers.values()]) tensor.dispose();
      for (const byName of [...slots.values(), ...spare.values()]) disposeUnless(byName, {});
    },
  };
}

/** Frees slots, those apart that are in use. */
function disposeUnless(slots: Slots, used: Slots): void {
  for (const name in slots) if (slots[name] !== used[name]) slots[name]?.dispose();
}

/** What is known of each parameter: by the snapshot, else by the stage before for those that go on with it. */
function savedOptimizer({ stage, inputOptimizer }: StageSetup, resume: TrainingState | null): OptimizerState {
  if (resume !== null) return { slots: resume.slots, steps: new Map(Object.entries(resume.counters.parameterSteps)) };
  const steps = new Map(
    (stage.optimizerFrom?.carried ?? []).flatMap((path) => {
      const count = inputOptimizer?.steps.get(path);
      return count === undefined ? [] : [[path, count] as const];
    }),
  );
  return { slots: inputOptimizer?.slots ?? new Map(), steps };
}

function restoreSlots({ slots }: OptimizerState, path: string, optimizer: Optimizer): Slots {
  const saved = slots.get(path) ?? {};
  return Object.fromEntries(
    optimizer.slotNames(path).map((name) => {
      const data = saved[name];
      if (data === undefined)
        throw new RootstockError('CHECKPOINT_INVALID', `The saved state has no optimizer slot "${name}" of ${path}.`, { path, name });
      return [name, uploadTensor(data)];
    }),
  );
}

async function downloadSlots(slots: ReadonlyMap<string, Slots>): Promise<TrainingState['slots']> {
  const result = new Map<string, Record<string, TensorData>>();
  for (const [path, byName] of slots) {
    const values: Record<string, TensorData> = {};
    for (const [name, tensor] of Object.entries(byName)) values[name] = await downloadTensor(tensor);
    result.set(path, values);
  }
  return result;
}

function read(weights: Weights, path: string): TensorData {
  const data = weights.get(path);
  if (data === undefined) throw new RootstockError('CHECKPOINT_INVALID', `The weights of this stage lack "${path}".`, { path });
  return data;
}
