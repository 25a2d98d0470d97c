import { resolve } from 'node:path';
import { z } from 'zod';
import type { DataSourceSection, RunConfig } from '../config/run-config.ts';
import { graphColumnsOf, neighbourPlanOf } from '../contracts/graph-columns.ts';
import type { JsonObject } from '../contracts/json.ts';
import type { DataRequest, DataSourceSpec, SplitSpec } from '../contracts/plan.ts';
import type { GraphModel, ModelDefinition } from '../models/definition.ts';

/** Fractions when `split.presets` leaves them out; the same as the run file's documentation says. */
const DEFAULT_FRACTIONS = { train_fraction: 0.8, validation_fraction: 0.1, test_fraction: 0.1 } as const;

/** The model that reads the data, and how columns that the data lacks are made. */
export interface DataReader {
  readonly definition: ModelDefinition;
  readonly featurisation?: JsonObject | undefined;
}

/** What a run file's data section asks for, with absolute paths. For molecules also which columns hold what. */
export function buildDataRequest(run: RunConfig, baseDir: string, { definition, featurisation }: DataReader): DataRequest {
  const { data, model } = run;
  const source = (section: DataSourceSection | null | undefined): DataSourceSpec | null =>
    section == null ? null : toSpec(section, baseDir);
  const classes = model.hyperparameters['classes'];
  const common = {
    rowId: data.row_id ?? null,
    x: definition.inputs === 'graphs' ? [] : model.xFeatures,
    y: model.yFeatures,
    task: definition.task,
    classes: Array.isArray(classes) ? (classes as readonly (string | number)[]) : null,
    ...(definition.inputs === 'graphs' ? moleculesOf(run, definition) : {}),
    ...(featurisation === undefined ? {} : { featurisation }),
  };
  if (data.source !== undefined)
    return { ...common, sources: { kind: 'split', source: toSpec(data.source, baseDir), split: toSplit(run) } };
  const train = source(data.train);
  if (train === null) throw new TypeError('a valid run file has data.train or data.source');
  return { ...common, sources: { kind: 'separate', train, validation: source(data.validation), test: source(data.test) } };
}

function moleculesOf({ model, datamodule = {} }: RunConfig, definition: GraphModel): Pick<DataRequest, 'graph' | 'neighbours'> {
  const config = definition.hyperparameters(z).parse(model.hyperparameters) as JsonObject;
  return {
    graph: graphColumnsOf(datamodule, model.xFeatures, model.yFeatures, definition.maskedHeads(config)),
    neighbours: neighbourPlanOf(datamodule),
  };
}

function toSpec(section: DataSourceSection, baseDir: string): DataSourceSpec {
  if (typeof section === 'string') return { kind: 'files', path: resolve(baseDir, section) };
  const files = Object.entries(section.files ?? {}).map(([name, path]) => [name, resolve(baseDir, path)] as const);
  return { kind: 'sql', sql: section.sql, files: Object.fromEntries(files), rowId: section.row_id ?? null };
}

function toSplit({ data: { split } }: RunConfig): SplitSpec {
  const presets = { ...DEFAULT_FRACTIONS, ...split?.presets };
  return {
    name: 'shuffle_split',
    trainFraction: presets.train_fraction,
    validationFraction: presets.validation_fraction,
    testFraction: presets.test_fraction,
    splitSeed: split?.split_seed ?? 0,
  };
}
