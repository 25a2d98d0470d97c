import type { OptimizerState } from '../artifacts/optimizer-state.ts';
import type { InputFacts } from '../contracts/graphs.ts';
import type { JsonObject } from '../contracts/json.ts';
import type { StagePlan } from '../contracts/plan.ts';
import type { ModuleTree, Weights } from '../contracts/tensors.ts';
import type { Dataset } from '../data/dataset.ts';
import type { ModelDefinition } from '../models/definition.ts';
import type { Ops } from '../ops/ops.ts';

/** A model and the operations it is computed with, on the active backend. */
export interface Model {
  readonly definition: ModelDefinition;
  readonly config: JsonObject;
  readonly facts: InputFacts;
  readonly ops: Ops;
}

/** Everything that decides what a stage computes. */
export interface StageSetup {
  readonly seed: number;
  readonly stage: StagePlan;
  readonly model: Model;
  readonly tree: ModuleTree;
  /** The weights the stage starts from, complete. */
  readonly inputWeights: Weights;
  /** The optimizer state of the stage before; `stage.optimizerFrom` says which parameters go on with it. Absent: all start fresh. */
  readonly inputOptimizer?: OptimizerState;
  readonly train: Dataset;
  readonly validation: Dataset | null;
}
