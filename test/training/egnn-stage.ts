import type { OptimizerPlan } from '../../src/contracts/plan.ts';
import type { Weights } from '../../src/contracts/tensors.ts';
import type { GraphModel } from '../../src/models/definition.ts';
import { egnnModel } from '../../src/models/egnn/egnn-model.ts';
import type { StageSetup } from '../../src/training/stage-setup.ts';
import { resolveFreeze } from '../../src/transfer/freeze.ts';
import { initialiseWeights } from '../../src/transfer/initialise.ts';
import { type GoldenModelConfig, type GoldenMolecule, toDataset, toFacts, toNeighbours } from '../models/egnn/molecules.ts';
import { makeSetup } from './support.ts';

/** What a stage of an EGNN on golden molecules is given. */
export interface StageInput {
  /** Absent: egnn_model. */
  readonly definition?: GraphModel;
  readonly molecules: readonly GoldenMolecule[];
  /** Null: fresh ones. */
  readonly weights: Weights | null;
  readonly shuffle?: boolean;
  readonly freeze?: readonly string[];
  readonly index?: number;
  readonly optimizer: OptimizerPlan;
  readonly batchSize: number;
  readonly epochs: number;
}

/** A stage as physicsml ran it, unless told otherwise: rows in file order, the last short batch dropped, CosineAnnealingLR over all steps. */
export function egnnStage(model: GoldenModelConfig, input: StageInput): StageSetup {
  const { definition = egnnModel, molecules, weights, shuffle = false, freeze = [], index = 0, optimizer, batchSize, epochs } = input;
  const facts = toFacts(model);
  const tree = definition.describe(model.config, facts);
  const batches = Math.floor(molecules.length / batchSize);
  const plain = makeSetup({
    index,
    optimizer,
    validation: null,
    scheduler: { name: 'CosineAnnealingLR', config: { T_max: epochs * batches }, interval: 'step', frequency: 1 },
    train: { batchSize, dropLast: true, shuffle },
    trainer: { maxEpochs: epochs, backend: 'wasm' },
  });
  return {
    ...plain,
    tree,
    model: { definition, config: model.config, facts, ops: plain.model.ops },
    inputWeights: weights ?? initialiseWeights(tree, plain.seed),
    train: toDataset(molecules, model),
    validation: null,
    stage: {
      ...plain.stage,
      freezeModules: freeze,
      mask: resolveFreeze(freeze, tree),
      datamodule: { ...plain.stage.datamodule, neighbours: toNeighbours(model) },
      batchesPerEpoch: batches,
      stepsPerEpoch: batches,
      totalSteps: epochs * batches,
    },
  };
}
