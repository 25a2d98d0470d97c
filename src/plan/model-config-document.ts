import { MOLECULE_DEFAULTS } from '../contracts/graph-columns.ts';
import type { GraphColumns } from '../contracts/graphs.ts';
import type { Json, JsonObject } from '../contracts/json.ts';
import type { Plan, StagePlan } from '../contracts/plan.ts';
import { VERSION } from '../contracts/version.ts';

/** The version of molflux whose layout model_config.json has. Its loader warns when it is another. */
const MOLFLUX_VERSION = '0.8.0';

/**
 * Writes model_config.json of what a run publishes, in the shape of molflux 0.8.0: `{name, tag, version, config}` with x_features, y_features,
 * the sections of the last stage under keys and values that molflux knows, and every hyperparameter. What planning knows beside it (widths,
 * the start of a radial basis) is under `rootstock`. The label mapping of a classifier is `classes` inside the config, where planning has put it.
 */
export function modelConfigDocument({ model, data, stages }: Plan): JsonObject {
  const stage = stages.at(-1);
  const graph = data.request.graph;
  return {
    name: model.name,
    tag: model.name,
    version: MOLFLUX_VERSION,
    config: {
      ...model.config,
      ...(stage === undefined ? {} : sections(stage, model.xFeatures, graph)),
      x_features: model.xFeatures,
      y_features: model.yFeatures,
    },
    rootstock: {
      version: VERSION,
      definition_version: model.definitionVersion,
      facts: model.facts as unknown as JsonObject,
      x_widths: data.facts.xWidths,
    },
  };
}

/**
 * The featurisation_metadata.json to publish: how the run made its columns, or how those of the pre-trained model were made when the
 * new model reads the same ones. Null without either.
 */
export function featurisationDocument({ data, initial }: Plan): JsonObject | null {
  const written = data.request.featurisation ?? (initial.kind === 'pre_trained' ? initial.featurisation : undefined);
  if (written === undefined) return null;
  const config = (written['config'] ?? []) as readonly JsonObject[];
  // molflux's version 2 lists `columns`, version 1 has one `column`.
  return { version: config.some((entry) => entry['columns'] !== undefined) ? 2 : 1, runtime: {}, ...written };
}

function sections(stage: StagePlan, x: readonly string[], graph: GraphColumns | undefined): Readonly<Record<string, Json>> {
  const { trainer, optimizer, scheduler, datamodule } = stage;
  return {
    datamodule: {
      train: { batch_size: datamodule.train.batchSize, drop_last: datamodule.train.dropLast },
      validation: { batch_size: datamodule.validation.batchSize },
      test: { batch_size: datamodule.test.batchSize },
      predict: { batch_size: datamodule.predict.batchSize },
      ...(graph === undefined ? {} : molecules(graph, stage, x)),
    },
    trainer: {
      max_epochs: trainer.maxEpochs,
      max_steps: trainer.maxSteps,
      min_epochs: trainer.minEpochs,
      min_steps: trainer.minSteps,
      limit_train_batches: trainer.limitTrainBatches,
      limit_val_batches: trainer.limitValBatches,
      limit_test_batches: trainer.limitTestBatches,
      check_val_every_n_epoch: trainer.checkValEveryNEpoch,
      val_check_interval: trainer.valCheckInterval ?? null,
      num_sanity_val_steps: trainer.numSanityValSteps,
      accumulate_grad_batches: trainer.accumulateGradBatches,
      gradient_clip_val: trainer.gradientClipVal,
      gradient_clip_algorithm: trainer.gradientClipVal === null ? null : trainer.gradientClipAlgorithm,
      log_every_n_steps: trainer.logEveryNSteps,
    },
    optimizer: { name: optimizer.name, config: optimizer.config },
    scheduler:
      scheduler === null
        ? null
        : {
            name: scheduler.name,
            config: scheduler.config,
            interval: scheduler.interval,
            frequency: scheduler.frequency,
            ...(scheduler.monitor === undefined ? {} : { monitor: scheduler.monitor.name, strict: scheduler.monitor.strict }),
          },
  };
}

/** Keys of physicsml's datamodule. cut_off is that of the last stage: what the published weights were trained with. */
function molecules(graph: GraphColumns, { datamodule: { neighbours } }: StagePlan, x: readonly string[]): JsonObject {
  return {
    num_elements: graph.numElements,
    ...graphTargets(graph),
    ...columns(graph, x),
    graph_attrs_cols: graph.graphAttrs.length === 0 ? null : graph.graphAttrs,
    ...(neighbours === null
      ? {}
      : {
          cut_off: neighbours.cutOff,
          self_interaction: neighbours.selfInteraction,
          pbc: neighbours.cell === null ? null : [true, true, true],
          cell: neighbours.cell,
        }),
  };
}

/** A head of vectors has one column, the others a list. */
function graphTargets({ targets }: GraphColumns): JsonObject {
  return Object.fromEntries(
    Object.entries(targets).map(([head, names]): [string, Json] => [head, head.endsWith('_vector') ? (names[0] ?? null) : names]),
  );
}

/** Column keys. x_features that nothing reads, such as the indices of atoms, keep the key that lets them be there. */
function columns(graph: GraphColumns, x: readonly string[]): JsonObject {
  const read: Readonly<Record<string, string | null>> = {
    atomic_numbers_col: graph.atomNumbers,
    coordinates_col: graph.coordinates,
    node_attrs_col: graph.nodeAttrs,
    edge_idxs_col: graph.edgeIdxs,
    edge_attrs_col: graph.edgeAttrs,
    total_atomic_energy_col: graph.totalAtomicEnergy,
  };
  const names: Record<string, string> = { node_idxs_col: MOLECULE_DEFAULTS.node_idxs_col };
  for (const [key, column] of Object.entries(read))
    names[key] = column ?? (MOLECULE_DEFAULTS[key as keyof typeof MOLECULE_DEFAULTS] as string);
  const known = new Set([...Object.values(names), ...graph.graphAttrs]);
  const unread = ['node_idxs_col', 'edge_idxs_col', 'edge_attrs_col'].filter(
    (key) => (read[key] ?? null) === null && !x.includes(names[key] ?? ''),
  );
  x.filter((name) => !known.has(name)).forEach((name, index) => {
    const key = unread[index];
    if (key !== undefined) names[key] = name;
  });
  return names;
}
