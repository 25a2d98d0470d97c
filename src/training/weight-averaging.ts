import { add, dispose, keep, mul, sub, type Tensor, tidy } from '@tensorflow/tfjs-core';
import type { WeightAveragingPlan } from '../contracts/plan.ts';
import type { Weights } from '../contracts/tensors.ts';
import type { DeviceState } from './device-state.ts';
import { downloadTensors, uploadTensor } from './tensor-data.ts';

/** The exponential moving average of what a stage moves: trainable parameters and buffers, by path. Frozen parameters have none. */
export interface WeightAverage {
  /** Takes the state after an optimizer step into the average, if that step counts. `step`: optimizer steps done. */
  update(step: number): void;
  /** Takes the state at the end of an epoch (from 0) into the average, if that epoch counts. After its validation. */
  endEpoch(epoch: number): void;
  /** The averaged tensors, still owned by the average; none before the first update. */
  params(): Readonly<Record<string, Tensor>>;
  /** What a snapshot holds of it; undefined before the first update. */
  download(): Promise<Weights | undefined>;
  dispose(): void;
}

/**
 * Creates the average of a stage, from a saved one where there is one. Lightning 2.6's EMAWeightAveraging over torch's AveragedModel: step
 * s (from 0) counts when s >= update_starting_at_step and s is a multiple of update_every_n_steps, the end of epoch e when
 * e >= update_starting_at_epoch; the first update copies, later ones give average + (1 - decay) * (value - average) in float32.
 *
 * Two differences: before the first update there is no average (Lightning validates the initial weights until then), and buffers of whole
 * numbers are copied (torch averages and truncates them).
 */
export function createWeightAverage(
  plan: WeightAveragingPlan,
  state: Pick<DeviceState, 'trainable' | 'buffers'>,
  resume: Weights | undefined,
): WeightAverage {
  const averages = new Map<string, Tensor>([...(resume ?? [])].map(([path, data]) => [path, uploadTensor(data)]));
  const replace = (path: string, next: Tensor): void => {
    averages.get(path)?.dispose();
    averages.set(path, next);
  };
  const next = (path: string, value: Tensor, averaged: boolean): Tensor => {
    const before = averages.get(path);
    if (before === undefined || !averaged) return keep(value.clone());
    return keep(tidy(() => add(before, mul(sub(value, before), 1 - plan.decay))));
  };
  const take = (): void => {
    for (const [path, value] of state.trainable) replace(path, next(path, value, true));
    for (const [path, value] of state.buffers) replace(path, next(path, value, plan.useBuffers && value.dtype === 'float32'));
  };
  const { updateEveryNSteps: every, updateStartingAtStep: first, updateStartingAtEpoch: firstEpoch } = plan;
  return {
    update(step) {
      const index = step - 1;
      if (every > 0 && index >= first && index % every === 0) take();
    },
    endEpoch(epoch) {
      if (firstEpoch !== undefined && epoch >= firstEpoch) take();
    },
    params: () => Object.fromEntries(averages),
    download: async () => (averages.size === 0 ? undefined : downloadTensors(averages)),
    dispose() {
      dispose([...averages.values()]);
    },
  };
}
