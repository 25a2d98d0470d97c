import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import type { GraphFacts, GraphHead, InputFacts } from '../../../src/contracts/graphs.ts';
import type { JsonObject } from '../../../src/contracts/json.ts';
import { buildGraphBatch } from '../../../src/data/graphs/build-graph-batch.ts';
import type { HostGraphBatch, HostSegments } from '../../../src/data/graphs/graph-batch.ts';
import { segmentsOf } from '../../../src/data/graphs/segments-of.ts';
import { loadBackend } from '../../../src/kernels/backend.ts';
import type { ForwardContext, GraphModel } from '../../../src/models/definition.ts';
import { findModel } from '../../../src/models/registry.ts';
import { composedOps } from '../../../src/ops/composed-ops.ts';
import { createOps } from '../../../src/ops/create-ops.ts';
import { uploadGraphBatch } from '../../../src/training/graph-batches.ts';
import { graphDatasetOf, type TestMolecule } from '../../helpers/graph-dataset.ts';
import { assertClose, floats } from '../support.ts';
import { graphGradients } from './gradients.ts';
import { readJson, readWeights, SYNTHETIC } from './molecules.ts';

// One step of physicsml in float32 (test/fixtures/golden/README.md). Sums of at most a hundred edges in other orders: measured 4e-6.
const TOLERANCE = 1e-5;

const OPERATIONS = [
  ['composed', composedOps],
  ['fused', createOps],
] as const;

const FOLDER = join(SYNTHETIC, 'd_egnn');

for (const name of readdirSync(FOLDER)) {
  const golden = readJson(FOLDER, `${name}/case.json`) as GoldenCase;
  const facts = factsOf(golden);
  const model = findModel(golden.model.name) as GraphModel;

  void test(`tensors of ${name} have physicsml's names, shapes and order`, async () => {
    const expected = await readWeights(FOLDER, `${name}/weights.safetensors`);
    const { tensors } = model.describe(golden.model.config, facts);
    assert.deepEqual(
      tensors.map(({ path }) => path),
      golden.paths,
    );
    for (const { path, shape, dtype } of tensors) {
      assert.deepEqual([path, shape, dtype], [path, expected.get(path)?.shape, expected.get(path)?.dtype]);
    }
  });

  for (const [operations, create] of OPERATIONS) {
    void test(`${name} computes physicsml's outputs, losses and gradients with ${operations} operations`, async () => {
      await loadBackend('wasm');
      const weights = await readWeights(FOLDER, `${name}/weights.safetensors`);
      const params = Object.fromEntries(
        [...weights].map(([path, { data, shape, dtype }]) => [path, tf.tensor(data, [...shape], dtype === 'int64' ? 'int32' : 'float32')]),
      );
      const paths = model.describe(golden.model.config, facts).tensors.flatMap(({ path, kind }) => (kind === 'parameter' ? [path] : []));
      const buffers = new Map<string, tf.Tensor>();
      const step = graphGradients(model, {
        params,
        graphs: load(golden),
        ctx: contextOf(golden, { facts, buffers, ops: create() }),
        paths,
      });

      assert.deepEqual(Object.keys(step.outputs).sort(), Object.keys(golden.outputs).sort());
      for (const [head, output] of Object.entries(golden.outputs)) {
        assertClose(step.outputs[head] ?? [], output.flat(), { tolerance: TOLERANCE, what: head });
      }
      const { loss, ...heads } = golden.losses;
      assertClose([step.loss], [loss ?? Number.NaN], { tolerance: TOLERANCE, what: 'loss' });
      assert.deepEqual(Object.keys(step.headLosses), Object.keys(heads), 'losses are added up in this order');
      assertClose(Object.values(step.headLosses), Object.values(heads), { tolerance: TOLERANCE, what: 'losses by head' });
      assertGradients(step.gradients, await readWeights(FOLDER, `${name}/gradients.safetensors`));
      for (const [path, value] of Object.entries(golden.mode === 'train' ? golden.buffers : {})) {
        assertClose(floats(buffers.get(path) as tf.Tensor), [value].flat(), { tolerance: TOLERANCE, what: path });
      }
    });
  }
}

interface GoldenCase {
  readonly model: {
    readonly name: string;
    readonly config: JsonObject & { readonly datamodule: GoldenDataModule; readonly x_features: readonly string[] };
  };
  readonly mode: 'train' | 'eval';
  readonly paths: readonly string[];
  readonly molecules: readonly TestMolecule[];
  readonly outputs: Readonly<Record<string, readonly (readonly number[])[]>>;
  readonly losses: Readonly<Record<string, number>>;
  readonly buffers: Readonly<Record<string, number | readonly number[]>>;
  /** Of a periodic cell: edge_index [2][E] and shifts [E][3]. */
  readonly edges?: { readonly index: readonly (readonly number[])[]; readonly shifts: readonly (readonly number[])[] };
}

interface GoldenDataModule {
  readonly num_elements: number;
  readonly cut_off: number;
  readonly self_interaction: boolean;
  readonly y_graph_scalars?: readonly string[];
  readonly y_node_scalars?: readonly string[];
  readonly y_edge_scalars?: readonly string[];
}

function factsOf({ model, molecules }: GoldenCase): InputFacts {
  const { datamodule } = model.config;
  const [first] = molecules;
  const heads: readonly (keyof GoldenDataModule & GraphHead)[] = ['y_graph_scalars', 'y_node_scalars', 'y_edge_scalars'];
  const graph: GraphFacts = {
    numElements: datamodule.num_elements,
    nodeAttrWidth: first?.nodeAttrs?.[0]?.length ?? 0,
    edgeAttrWidth: first?.bonds?.[0]?.attrs.length ?? 0,
    graphAttrWidth: first?.graphAttrs?.length ?? 0,
    hasTotalAtomicEnergy: first?.totalAtomicEnergy !== undefined,
    cutOff: datamodule.cut_off,
    targets: Object.fromEntries(heads.flatMap((head) => (datamodule[head] === undefined ? [] : [[head, datamodule[head].length]]))),
  };
  return { inputWidth: 0, outputWidth: 0, graph };
}

function load({ model, molecules, edges }: GoldenCase) {
  const { num_elements: numElements, cut_off: cutOff, self_interaction: selfInteraction } = model.config.datamodule;
  const withNaN = molecules.map((molecule) => ({ ...molecule, targets: missingAsNaN(molecule.targets) }));
  const rows = molecules.map((_, row) => row);
  const batch = buildGraphBatch(graphDatasetOf(withNaN, { numElements }), rows, { cutOff, selfInteraction, cell: null });
  return uploadGraphBatch(edges === undefined ? batch : withEdges(batch, edges));
}

/** The batch with the edges that physicsml found, across periodic boundaries as well: what is tested here is the model. */
function withEdges(batch: HostGraphBatch, { index, shifts }: NonNullable<GoldenCase['edges']>): HostGraphBatch {
  const [from, to] = index.map((row) => segmentsOf(Int32Array.from(row), batch.numNodes)) as [HostSegments, HostSegments];
  return { ...batch, numEdges: from.index.length, edgeIndex: [from, to], cellShifts: Float32Array.from(shifts.flat()) };
}

/** JSON has no NaN: a missing target is null there. */
function missingAsNaN(targets: TestMolecule['targets'] = {}): NonNullable<TestMolecule['targets']> {
  return Object.fromEntries(
    Object.entries(targets).map(([head, lines]) => [head, lines.map((line) => line.map((value: number | null) => value ?? Number.NaN))]),
  );
}

function contextOf(
  { model, mode }: GoldenCase,
  { facts, buffers, ops }: Pick<ForwardContext, 'facts' | 'ops'> & { readonly buffers: Map<string, tf.Tensor> },
): ForwardContext {
  const unexpected = (path: string): never => assert.fail(`unexpected call at ${path}`);
  return {
    config: model.config,
    facts,
    ops,
    isFrozen: () => false,
    mode: () => mode,
    dropoutMask: unexpected,
    noise: unexpected,
    updateBuffer: (path, value) => void buffers.set(path, tf.keep(value)),
  };
}

/** Gradients relative to the largest of all: some parameters have one that is 0 but for rounding (a bias in front of BatchNorm). */
function assertGradients(received: ReadonlyMap<string, Float32Array>, expected: Awaited<ReturnType<typeof readWeights>>): void {
  assert.deepEqual([...received.keys()].sort(), [...expected.keys()].sort());
  const paths = [...expected.keys()].sort();
  const all = (of: (path: string) => ArrayLike<number>) => paths.flatMap((path) => Array.from(of(path)));
  assertClose(
    all((path) => received.get(path) ?? []),
    all((path) => expected.get(path)?.data ?? []),
    { tolerance: TOLERANCE, what: 'gradients' },
  );
}
