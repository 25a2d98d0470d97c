import type { Ref } from '../contracts/refs.ts';
import type { TensorData, Weights } from '../contracts/tensors.ts';
import { loadWeights, saveWeights } from './safetensors/weights-blob.ts';
import type { ArtifactStore } from './store.ts';
import type { TrainingState } from './training-state.ts';

/** What an optimizer knows of each parameter at the end of a stage, by path, for a stage that takes it over. */
export interface OptimizerState {
  /** Parameter path -> slot name -> values. A parameter without slots (plain SGD) has none here, but a step count. */
  readonly slots: TrainingState['slots'];
  /** Updates of each parameter. */
  readonly steps: ReadonlyMap<string, number>;
}

const SLOTS = 'slots/';
const STEPS = 'steps/';

/** Stores the slots and step counts of a training state as one canonical safetensors blob: `slots/<path>/<slot>`, `steps/<path>`. */
export async function saveOptimizerState(store: ArtifactStore, { slots, counters }: TrainingState): Promise<Ref> {
  const tensors = new Map<string, TensorData>();
  for (const [path, byName] of slots) for (const [name, data] of Object.entries(byName)) tensors.set(`${SLOTS}${path}/${name}`, data);
  for (const [path, steps] of Object.entries(counters.parameterSteps)) {
    tensors.set(`${STEPS}${path}`, { shape: [], dtype: 'int64', data: Int32Array.of(steps) });
  }
  return saveWeights(store, tensors);
}

/** Loads what `saveOptimizerState` stored. Errors as `loadWeights`. */
export async function loadOptimizerState(store: ArtifactStore, ref: Ref): Promise<OptimizerState> {
  const tensors: Weights = await loadWeights(store, ref);
  const slots = new Map<string, Record<string, TensorData>>();
  const steps = new Map<string, number>();
  for (const [name, data] of tensors) {
    if (name.startsWith(STEPS)) {
      steps.set(name.slice(STEPS.length), Number(data.data[0]));
      continue;
    }
    const at = name.lastIndexOf('/');
    const path = name.slice(SLOTS.length, at);
    slots.set(path, { ...slots.get(path), [name.slice(at + 1)]: data });
  }
  return { slots, steps };
}
