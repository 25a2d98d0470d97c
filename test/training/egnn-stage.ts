import type { OptimizerPlan } from '../../src/contracts/plan.ts';
import type { Weights } from '../../src/contracts/tensors.ts';
import { egnnModel } from '../../src/models/egnn/egnn-model.ts';
import type { StageSetup } from '../../src/training/stage-setup.ts';
import { resolveFreeze } from '../../src/transfer/freeze.ts';
import { type GoldenModelConfig, type GoldenMolecule, toDataset, toFacts, toNeighbours } from '../models/egnn/molecules.ts';
import { makeSetup } from './support.ts';

/** What a stage of an EGNN on golden molecules is given. */
export interface StageInput {
  readonly molecules: readonly GoldenMolecule[];
  readonly weights: Weights;
  readonly freeze?: readonly string[];
  readonly index?: number;
  readonly optimizer: OptimizerPlan;
  readonly batchSize: number;
  readonly epochs: number;
}

/** A stage as physicsml ran it: rows in file order, the last short batch dropped, CosineAnnealingLR over all steps. */
export function egnnStage(
  model: GoldenModelConfig,
  { molecules, weights, freeze = [], index = 0, optimizer, batchSize, epochs }: StageInput,
): StageSetup {
  const facts = toFacts(model);
  const tree = egnnModel.describe(model.config, facts);
  const batches = Math.floor(molecules.length / batchSize);
  const plain = makeSetup({
    index,
    optimizer,
    validation: null,
    scheduler: { name: 'CosineAnnealingLR', config: { T_max: epochs * batches }, interval: 'step', frequency: 1 },
    train: { batchSize, dropLast: true, shuffle: false },
    trainer: { maxEpochs: epochs, backend: 'wasm' },
  });
  return {
    ...plain,
    tree,
    model: { definition: egnnModel, config: model.config, facts, ops: plain.model.ops },
    inputWeights: weights,
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
