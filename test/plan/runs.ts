import type { z } from 'zod';
import { parseRunObject } from '../../src/config/parse-run.ts';
import type { RunConfig } from '../../src/config/run-config.ts';
import type { JsonObject } from '../../src/contracts/json.ts';
import type { Plan, StagePlan } from '../../src/contracts/plan.ts';
import type { ModuleTree } from '../../src/contracts/tensors.ts';
import { RootstockError } from '../../src/errors.ts';
import { buildPlan } from '../../src/plan/build-plan.ts';
import type { PlanFacts } from '../../src/plan/plan-facts.ts';
import { mlp } from '../transfer/trees.ts';

/** What a test varies. Sections are those of model.config; `stages` null: no transfer learning. */
export interface Variation {
  readonly trainer?: JsonObject;
  readonly datamodule?: JsonObject;
  readonly optimizer?: JsonObject;
  readonly scheduler?: JsonObject | null;
  readonly stages?: readonly JsonObject[] | null;
  readonly mapping?: JsonObject | null;
  readonly evaluation?: JsonObject;
  /** Further keys of model.config. */
  readonly config?: JsonObject;
  readonly seed?: number;
  /** Rows by split; a split that is absent does not exist. */
  readonly rows?: { readonly train: number; readonly validation?: number; readonly test?: number };
  readonly facts?: Partial<PlanFacts>;
  readonly model?: Partial<PlanFacts['model']>;
  readonly preTrainedTree?: ModuleTree;
}

/** A model schema like a real one's, without its tensors. */
const toy = {
  name: 'toy',
  summary: 'A multilayer perceptron for tests.',
  hyperparameters: (zod: typeof z) => zod.strictObject({ hidden_dim: zod.int().optional() }),
};

/** Parses a run as a run file would be. */
export function runOf({ trainer, datamodule, optimizer, scheduler, stages, mapping, evaluation, seed, config }: Variation = {}): RunConfig {
  const sections = { trainer, datamodule, optimizer, scheduler };
  const written = {
    name: 'u0',
    ...(seed === undefined ? {} : { seed }),
    data: { train: 'train.parquet' },
    model: {
      name: 'toy',
      config: {
        x_features: ['a', 'b'],
        y_features: ['y'],
        ...config,
        ...Object.fromEntries(Object.entries(sections).filter(([, value]) => value !== undefined)),
        ...(stages === null
          ? {}
          : { transfer_learning: { pre_trained_model_path: 'old', modules_to_match: mapping ?? null, stages: stages ?? [{}] } }),
      },
    },
    ...(evaluation === undefined ? {} : { evaluation }),
    output: { path: 'out' },
  };
  return parseRunObject(written, { source: 'test', models: [toy] });
}

/** The facts of the peer tests' network: 2 inputs, 3 hidden, 1 output, Adam 1e-4, no scheduler. */
export function factsOf({ rows = { train: 100, validation: 20 }, facts, model, preTrainedTree, stages }: Variation = {}): PlanFacts {
  const splits = Object.fromEntries(
    Object.entries(rows).map(([split, count]) => [split, { rows: count, digest: split.repeat(16), byteLength: 1 }]),
  );
  return {
    model: {
      definitionVersion: '1',
      task: 'regression',
      defaults: { optimizer: { name: 'Adam', config: { lr: 1e-4 } }, scheduler: null },
      tree: mlp(2, 3, 1),
      config: { hidden_dim: 3 },
      facts: { inputWidth: 2, outputWidth: 1 },
      ...model,
    },
    data: {
      request: {
        sources: { kind: 'separate', train: { kind: 'files', path: '/data/train.parquet' }, validation: null, test: null },
        rowId: null,
        x: ['a', 'b'],
        y: ['y'],
        task: 'regression',
        classes: null,
      },
      facts: { splits, xWidths: { a: 1, b: 1 }, classes: null },
    },
    preTrained:
      stages === null
        ? null
        : {
            source: { kind: 'model', path: '/models/old', weightsSha256: 'f'.repeat(64) },
            tensors: (preTrainedTree ?? mlp(2, 3, 1)).tensors,
          },
    runDigest: 'e'.repeat(64),
    backendOf: () => 'wasm',
    ...facts,
  };
}

/** Parses and plans. */
export function planOf(variation: Variation = {}): Plan {
  return buildPlan({ run: runOf(variation), outputPath: '/out', facts: factsOf(variation) });
}

/** One stage of a plan. */
export function stageOf(variation: Variation, index = 0): StagePlan {
  const stage = planOf(variation).stages[index];
  if (stage === undefined) throw new Error(`no stage ${index}`);
  return stage;
}

/** The error that planning ends in. */
export function failureOf(variation: Variation): RootstockError {
  try {
    planOf(variation);
  } catch (error) {
    if (error instanceof RootstockError) return error;
    throw error;
  }
  throw new Error('expected planning to fail');
}

/** Codes of all problems of an error. */
export function codesOf(error: RootstockError): readonly string[] {
  return (error.details.problems as readonly { readonly code: string }[]).map(({ code }) => code);
}
