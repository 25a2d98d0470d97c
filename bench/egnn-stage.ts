import type { JsonObject } from '../src/contracts/json.ts';
import type { StagePlan } from '../src/contracts/plan.ts';
import type { GraphDataset } from '../src/data/dataset.ts';
import { BARE_MOLECULES } from '../src/data/graphs/bare-molecules.ts';
import type { GraphModel } from '../src/models/definition.ts';
import { findModel } from '../src/models/registry.ts';
import { randomStream } from '../src/random/stream.ts';
import type { StageSetup } from '../src/training/stage-setup.ts';
import { type GraphStageOptions, makeGraphSetup } from '../test/training/graph-support.ts';

/** What a benchmark varies of a stage of an EGNN. */
export interface EgnnStageOptions extends Pick<GraphStageOptions, 'trainer' | 'train' | 'freeze'> {
  /** Molecules to train on, a multiple of the batch size; a quarter as many validate. */
  readonly rows: number;
  readonly config: JsonObject;
  readonly optimizer?: StagePlan['optimizer'];
}

/** A stage of an EGNN on made-up molecules of 18 atoms, as many as QM9's have, one target each. */
export function egnnStage({ rows, config, optimizer, ...options }: EgnnStageOptions): StageSetup {
  const targets = { y_graph_scalars: 1 };
  const graph = { numElements: 5, nodeAttrWidth: 0, edgeAttrWidth: 0, graphAttrWidth: 0, hasTotalAtomicEnergy: false, cutOff: 5, targets };
  const { stage, ...setup } = makeGraphSetup({
    definition: findModel('egnn_model', []) as GraphModel,
    config: { num_node_feats: 5, y_graph_scalars_loss_config: { name: 'MSELoss' }, ...config },
    facts: { inputWidth: 0, outputWidth: 1, graph },
    neighbours: { cutOff: 5, selfInteraction: false, cell: null },
    ...options,
  });
  const batchesPerEpoch = rows / stage.datamodule.train.batchSize;
  const counts = { batchesPerEpoch, stepsPerEpoch: batchesPerEpoch, totalSteps: stage.trainer.maxEpochs * batchesPerEpoch };
  return {
    ...setup,
    train: molecules(rows, 1),
    validation: molecules(rows / 4, 2),
    stage: { ...stage, ...counts, ...(optimizer && { optimizer }) },
  };
}

function molecules(rows: number, seed: number): GraphDataset {
  const atoms = 18;
  const { uint32 } = randomStream(seed, 'bench', 'molecules');
  const uniform = () => uint32() / 2 ** 32;
  return {
    kind: 'graphs',
    rows,
    nodeOffsets: Uint32Array.from({ length: rows + 1 }, (_, row) => row * atoms),
    atomNumbers: Int32Array.from({ length: rows * atoms }, () => uint32() % 5),
    numElements: 5,
    coordinates: Float32Array.from({ length: rows * atoms * 3 }, () => uniform() * 6),
    ...BARE_MOLECULES,
    targets: {
      y_graph_scalars: {
        offsets: Uint32Array.from({ length: rows + 1 }, (_, row) => row),
        width: 1,
        values: Float32Array.from({ length: rows }, uniform),
      },
    },
    rowId: String,
  };
}
