import { add, dispose, keep, mul, type Scalar, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { gradientsOf } from '../kernels/gradients.ts';
import { inScope, nothing } from '../kernels/scope.ts';
import { batchWeights } from './accumulation.ts';
import { type Batch, disposeBatch } from './batches.ts';
import type { DeviceState } from './device-state.ts';
import { trainingContext } from './forward-context.ts';
import { clipGradients, clips, type Gradients } from './gradient-clipping.ts';
import { fitsHeapLoop } from './heap.ts';
import { passModel } from './model-pass.ts';
import type { Optimizer, Slots, UpdateInput, UpdateResult } from './optimizers/optimizer.ts';
import type { GroupSettings } from './schedulers/scheduler.ts';
import type { StageSetup } from './stage-setup.ts';

/** The batches of one optimizer step. */
export interface Window {
  /** The stage's batches before this window. */
  readonly batchCounter: number;
  readonly samples: readonly number[];
  /** Puts the window's i-th batch on the device. */
  readonly load: (index: number) => Batch | Promise<Batch>;
  /** What the schedule says for this step, by parameter group. */
  readonly settings: readonly GroupSettings[];
}

/** What takes the results of an optimizer step; it owns them. */
export interface WindowResults {
  /** Mean loss of the i-th batch. */
  loss(index: number, loss: Scalar): void;
  parameter(path: string, next: UpdateResult): void;
  buffer(path: string, next: Tensor): void;
  /** Slots of a parameter that the update may write to, and hand over as its result. Absent: all results are new tensors. */
  spare?(path: string): Slots | undefined;
  /** Looks at the gradients of the step before anything is clipped or updated. They stay the step's own. Null: nobody looks. */
  readonly gradients: ((gradients: Gradients) => Promise<void>) | null;
}

/**
 * Computes one optimizer step: forward and backward for each batch of the window, clipping, update. Changes nothing itself: the results are
 * handed over, so that a dry run can throw them away. Frozen parameters are constants: the backward pass does not reach them. A
 * parameter that the loss does not depend on is not updated, as in torch (its gradient is None).
 * `between` runs after each batch, so that messages get in; null: there is nothing to wait for.
 */
export async function trainWindow(
  machine: { readonly setup: StageSetup; readonly state: DeviceState; readonly optimizer: Optimizer },
  window: Window,
  results: WindowResults,
  between: () => Promise<void> | null,
): Promise<void> {
  const { setup, state, optimizer } = machine;
  const buffers = new Map(state.buffers);
  const moved = new Map<string, Tensor>();
  const weights = batchWeights(window.samples, setup.stage.trainer);
  let gradients: Gradients = {};
  let areOwn = weights.length === 1;
  for (let index = 0; index < weights.length; index += 1) {
    const weight = weights[index] as number;
    const loading = window.load(index);
    const batch = loading instanceof Promise ? await loading : loading;
    const staged = new Map<string, Tensor>();
    const step = batchGradients({ setup, state, buffers, staged }, batch, { weight, batchCounter: window.batchCounter + index });
    disposeBatch(batch);
    for (const [path, value] of staged) {
      moved.get(path)?.dispose();
      moved.set(path, value);
      buffers.set(path, value);
    }
    gradients = index === 0 ? step.gradients : addGradients(gradients, step.gradients);
    areOwn &&= step.areOwn;
    results.loss(index, step.loss);
    const turn = between();
    if (turn !== null) await turn;
  }
  if (results.gradients !== null) await results.gradients(gradients);
  for (const [path, value] of moved) results.buffer(path, value);
  update({ setup, state, optimizer }, { gradients, areOwn, settings: window.settings }, results);
}

function batchGradients(
  at: {
    readonly setup: StageSetup;
    readonly state: DeviceState;
    readonly buffers: ReadonlyMap<string, Tensor>;
    readonly staged: Map<string, Tensor>;
  },
  batch: Batch,
  options: { readonly weight: number; readonly batchCounter: number },
): { readonly loss: Scalar; readonly gradients: Gradients; readonly areOwn: boolean } {
  const params = at.state.params(at.buffers);
  const context = trainingContext(at.setup, { batchCounter: options.batchCounter, trained: at.state.trainable }, (path, value) => {
    at.staged.get(path)?.dispose();
    at.staged.set(path, value);
  });
  let loss: Scalar | undefined;
  const { value, gradients, areOwn } = gradientsOf(() => {
    const found = keep(passModel(at.setup.model, params, batch, context).loss);
    loss = found;
    return options.weight === 1 ? found : mul<Scalar>(found, options.weight);
  }, [...at.state.trainable.values()]);
  if (loss === undefined) throw new Error('the forward pass did not run');
  if (value !== loss) value.dispose();
  const byPath: Record<string, Tensor> = {};
  let index = 0;
  for (const path of at.state.trainable.keys()) {
    const gradient = gradients[index];
    if (gradient) byPath[path] = gradient;
    index += 1;
  }
  return { loss, gradients: byPath, areOwn };
}

function addGradients(left: Gradients, right: Gradients): Gradients {
  const sums = Object.fromEntries(
    [...new Set([...Object.keys(left), ...Object.keys(right)])].map((path) => {
      const [a, b] = [left[path], right[path]];
      if (a === undefined || b === undefined) return [path, (a ?? b) as Tensor];
      const sum = add(a, b);
      dispose([a, b]);
      return [path, sum];
    }),
  );
  return sums;
}

function update(
  { setup, state, optimizer }: { readonly setup: StageSetup; readonly state: DeviceState; readonly optimizer: Optimizer },
  step: { readonly gradients: Gradients; readonly areOwn: boolean; readonly settings: Window['settings'] },
  results: WindowResults,
): void {
  const { trainer } = setup.stage;
  const clipped = clips(trainer) ? tidy(() => ({ ...clipGradients(step.gradients, trainer).gradients })) : step.gradients;
  // Clipping may hand on a gradient as it came.
  const mayTake = step.areOwn && clipped === step.gradients;
  inScope(() => {
    for (const path in clipped) {
      const parameter = state.trainable.get(path) as Tensor;
      const gradient = clipped[path] as Tensor;
      const { lr, momentum } = step.settings[optimizer.groupOf(path)] as GroupSettings;
      const input: UpdateInput = {
        path,
        parameter,
        gradient,
        slots: state.slots.get(path) ?? {},
        spare: results.spare?.(path),
        mayTakeGradient: mayTake,
        step: (state.parameterSteps.get(path) ?? 0) + 1,
        lr,
        momentum,
      };
      // A small update makes little on the way: a scope of its own would take as long as it.
      const result = fitsHeapLoop(parameter)
        ? keepResult(optimizer.update(input))
        : inScope(() => keepResult(optimizer.update(input)), nothing);
      results.parameter(path, result);
      if (mayTake && result.parameter !== gradient) gradient.dispose();
    }
  }, nothing);
  if (!mayTake) dispose([...Object.values(clipped), ...Object.values(step.gradients)]);
}

/** An update's result outlives every scope. */
function keepResult(result: UpdateResult): UpdateResult {
  keep(result.parameter);
  for (const name in result.slots) keep(result.slots[name] as Tensor);
  return result;
}
