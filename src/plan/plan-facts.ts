import type { InputFacts } from '../contracts/graphs.ts';
import type { JsonObject } from '../contracts/json.ts';
import type { BackendName, DataFacts, DataRequest, PreTrainedSource } from '../contracts/plan.ts';
import type { ModuleTree } from '../contracts/tensors.ts';
import type { ModelDefinition, StandsStill } from '../models/definition.ts';
import type { SourceTensor } from '../transfer/match-sides.ts';

/** Everything a plan needs to know of the world. Whoever plans gathers it; building the plan is pure. */
export interface PlanFacts {
  readonly model: ModelFacts;
  readonly data: { readonly request: DataRequest; readonly facts: DataFacts };
  /** Null without transfer learning. */
  readonly preTrained: PreTrainedFacts | null;
  readonly runDigest: string;
  /** The backend that an accelerator means here. Not asked when trainer.backend names one. May throw BACKEND_UNAVAILABLE. */
  readonly backendOf: (accelerator: Accelerator) => BackendName;
  /** Memory of this machine in bytes, when it should be checked. */
  readonly memoryBytes?: number;
}

/** Lightning's accelerator names. */
export type Accelerator = 'auto' | 'cpu' | 'gpu' | 'webgpu';

/** A frozen prefix in numbers: float32 values that it gives for each row, atom and edge. */
export interface PrefixSize {
  readonly modules: readonly string[];
  readonly perRow: number;
  readonly perNode: number;
  readonly perEdge: number;
}

/** What a model definition says of the model. */
export interface ModelFacts {
  readonly definitionVersion: string;
  readonly task: ModelDefinition['task'];
  readonly defaults: ModelDefinition['defaults'];
  readonly tree: ModuleTree;
  /** Hyperparameters with every default filled in, and `classes` for a classifier. */
  readonly config: JsonObject;
  /** Widths of input and output. */
  readonly facts: InputFacts;
  /** Keys that decide what a module computes beside its tensors. Absent: none. */
  readonly computationKeys?: ModelDefinition['computationKeys'];
  /** Molecule models: bytes per directed edge in a forward and backward pass. Absent: not known. */
  readonly bytesPerEdge?: number;
  /** The leading part that a stage leaves as it is, given what stands still; null: there is none. Absent: never. */
  readonly prefix?: ((standsStill: StandsStill) => PrefixSize | null) | undefined;
}

/** What the header of a weights file, or the model of a run file, says. */
export interface PreTrainedFacts {
  readonly source: PreTrainedSource;
  /** Element types of memory or of a safetensors file; those of a file let the report name what is converted. */
  readonly tensors: readonly SourceTensor[];
  /** Its hyperparameters (and `datamodule`), or the content of its model_config.json; for messages and warnings. */
  readonly modelConfig?: JsonObject;
  /** Its featurisation_metadata.json, when the new model reads no other columns than it. */
  readonly featurisation?: JsonObject;
}
