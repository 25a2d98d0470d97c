import { dispose, type Tensor, tidy } from '@tensorflow/tfjs-core';
import type { NeighbourPlan } from '../../contracts/graphs.ts';
import type { Dataset } from '../../data/dataset.ts';
import { RootstockError } from '../../errors.ts';
import type { FeaturePrefix, GraphPrefix, Params } from '../../models/definition.ts';
import { disposeBatch, loadBatch } from '../batches.ts';
import { evaluationContext } from '../forward-context.ts';
import { computeOutputs } from '../model-pass.ts';
import { readValues } from '../read-values.ts';
import type { Model } from '../stage-setup.ts';

/** What is compared. */
export interface CheckPrefixInput {
  readonly model: Model;
  readonly params: Params;
  /** How molecules become graphs; null: there are none. */
  readonly neighbours: NeighbourPlan | null;
}

/** Rows that are compared: enough to tell two functions apart, few enough to cost nothing. */
const ROWS = 8;

/** The same operations on the same batch: anything beyond rounding means that they are others. */
const TOLERANCE = 1e-4;

/**
 * Checks on the first rows that a prefix and what comes behind it give what the forward pass gives: a definition that is spread into another
 * one with a forward of its own brings a prefix along that does not belong to it. MODEL_CONFIG_INVALID otherwise.
 */
export async function checkPrefix(dataset: Dataset, prefix: FeaturePrefix | GraphPrefix, input: CheckPrefixInput): Promise<void> {
  const { model, params } = input;
  const rows = Uint32Array.from({ length: Math.min(ROWS, dataset.rows) }, (_, row) => row);
  // So few are built here before a thread has answered.
  const batch = loadBatch(dataset, rows, input.neighbours);
  const context = evaluationContext(model);
  const inParts = (): Record<string, Tensor> => {
    if (batch.kind === 'features') {
      const part = prefix as FeaturePrefix;
      return { y: part.decode(params, part.encode(params, batch.inputs, context), context) };
    }
    const part = prefix as GraphPrefix;
    return { ...part.decode(params, part.encode(params, batch.graphs, context), { graphs: batch.graphs, ctx: context }) };
  };
  const { whole, parts } = tidy(() => ({ whole: { ...computeOutputs(model, params, batch, context) }, parts: inParts() }));
  disposeBatch(batch);
  const heads = Object.keys(whole);
  let same = heads.length === Object.keys(parts).length;
  for (const head of heads) {
    const [expected, found] = [await read(whole[head]), await read(parts[head])];
    same &&= isClose(expected, found);
  }
  dispose([...Object.values(whole), ...Object.values(parts)]);
  if (!same) throw otherModel(model.definition.name);
}

async function read(tensor: Tensor | undefined): Promise<Float32Array> {
  return tensor === undefined ? new Float32Array(0) : readValues(tensor);
}

function isClose(expected: Float32Array, found: Float32Array): boolean {
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const near = (value: number, other: number) => Object.is(value, other) || Math.abs(value - other) <= TOLERANCE * largest;
  return expected.length === found.length && expected.every((value, at) => near(value, found[at] ?? Number.NaN));
}

function otherModel(model: string): RootstockError {
  return new RootstockError(
    'MODEL_CONFIG_INVALID',
    `The prefix of the model "${model}" does not belong to its forward pass: decode(encode(inputs)) gives other outputs than forward(inputs).\nFix: give the definition a prefix of its own, or prefix: () => null; or set trainer.prefix_cache: off.`,
    { model },
  );
}
