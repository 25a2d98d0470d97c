import { mostBatchEdges } from '../contracts/graphs.ts';
import type { BackendName } from '../contracts/plan.ts';
import type { Params } from '../models/definition.ts';
import { type BatchSources, openBatches } from '../training/batch-source.ts';
import type { Model } from '../training/stage-setup.ts';
import { uploadTensor } from '../training/tensor-data.ts';
import { prepareModel } from './job-context.ts';
import { checkNumbers, checkWeights, loadSavedModel, type SavedModel } from './saved-model.ts';

/** Rows per forward pass when neither the caller nor the model says: a molecule is some twenty rows of features. */
const BATCH_SIZE = { features: 256, graphs: 64 } as const;

/** A saved model on the device. The process ends after its job, so nothing is freed. */
export interface OpenModel {
  readonly saved: SavedModel;
  readonly model: Model;
  readonly params: Params;
  /** Where its batches come from; started already. */
  readonly batches: BatchSources;
  readonly batchSize: number;
  /** Most edges of a batch of molecules in a forward pass, which takes half of what training does. */
  readonly mostEdges: number;
}

/** Which saved model, and how. */
export interface OpenModelInput {
  /** Directory of the saved model. */
  readonly model: string;
  readonly backend: BackendName | null;
  readonly register: readonly string[];
  /** Null: datamodule.predict.batch_size where it is more than 1 (molflux's default), else a default. */
  readonly batchSize: number | null;
}

/** Loads a saved model and checks that its weights are those of its configuration. Errors: those of loading, MODEL_CONFIG_INVALID, CHECKPOINT_INVALID. */
export async function openModel(input: OpenModelInput): Promise<OpenModel> {
  const { saved, weights } = await loadSavedModel(input.model);
  const batches = openBatches(saved.graph?.neighbours ?? null);
  batches.start();
  const { model } = await prepareModel({ ...saved, backend: input.backend ?? 'wasm', register: input.register, train: false });
  checkWeights(model.definition.describe(saved.config, saved.facts), weights, input.model);
  checkNumbers(weights, input.model);
  const params = Object.fromEntries([...weights].map(([name, data]) => [name, uploadTensor(data)]));
  const written = saved.predictBatchSize !== null && saved.predictBatchSize > 1 ? saved.predictBatchSize : null;
  const batchSize = input.batchSize ?? written ?? BATCH_SIZE[model.definition.inputs ?? 'features'];
  const { definition } = model;
  const bytesPerEdge = definition.inputs === 'graphs' ? (definition.bytesPerEdge?.(saved.config) ?? 0) : 0;
  return { saved, model, params, batches, batchSize, mostEdges: mostBatchEdges(bytesPerEdge / 2) };
}
