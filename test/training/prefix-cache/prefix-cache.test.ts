import assert from 'node:assert/strict';
import test from 'node:test';
import { dispose, memory, type Tensor, tensor } from '@tensorflow/tfjs-core';
import type { PrefixCachePlan } from '../../../src/contracts/plan.ts';
import type { Weights } from '../../../src/contracts/tensors.ts';
import type { BondColumns, GraphDataset, RaggedTargets } from '../../../src/data/dataset.ts';
import { loadBackend } from '../../../src/kernels/backend.ts';
import type { FeatureModel, GraphModel, Params } from '../../../src/models/definition.ts';
import { findModel } from '../../../src/models/registry.ts';
import { type BatchSources, batchesHere, openBatches } from '../../../src/training/batch-source.ts';
import { disposeBatch, type MoleculeBatch } from '../../../src/training/batches.ts';
import { openPrefixCache } from '../../../src/training/prefix-cache/prefix-cache.ts';
import type { StageSetup } from '../../../src/training/stage-setup.ts';
import { standsStill } from '../../../src/transfer/stands-still.ts';
import { FACTS, makeGraphSetup, NEIGHBOURS, TINY_GRAPH_MODEL } from '../graph-support.ts';
import { digestState, lastState, makeDataset, makeSetup, record } from '../support.ts';

const CACHED: PrefixCachePlan = { modules: ['given by the plan'], byteLength: 0, fits: true };

/** The tiny model of molecules with an encoding per edge, too: what pooling over edges asks for. */
const EDGE_MODEL: GraphModel = {
  ...TINY_GRAPH_MODEL,
  prefix(config, facts, still) {
    const prefix = TINY_GRAPH_MODEL.prefix?.(config, facts, still) ?? null;
    if (prefix === null) return null;
    return {
      ...prefix,
      encodings: { ...prefix.encodings, m: { lines: 'edge', width: 4 } },
      encode(params, graphs, ctx) {
        const { h } = prefix.encode(params, graphs, ctx);
        assert.ok(h);
        return { h, m: ctx.ops.gather(h, graphs.edgeIndex[1]) };
      },
      decode(params, { h, m }, at) {
        assert.ok(h && m);
        // Summing the edges again by their first atom is what the encoder did with them.
        return prefix.decode(params, { h: at.ctx.ops.add(h, at.ctx.ops.segmentSum(m, at.graphs.edgeIndex[0])) }, at);
      },
    };
  },
  forward(params, graphs, ctx) {
    const prefix = EDGE_MODEL.prefix?.({}, ctx.facts, () => true);
    assert.ok(prefix);
    return prefix.decode(params, prefix.encode(params, graphs, ctx), { graphs, ctx });
  },
};

/** An EGNN with one target per molecule; with bonds it pools over nodes and edges. */
function egnnSetup(bonds: boolean): StageSetup {
  const targets = { y_graph_scalars: 2 };
  const facts = { ...FACTS, graph: { ...FACTS.graph, cutOff: 6, targets, edgeAttrWidth: bonds ? 2 : 0 } };
  const config = {
    y_graph_scalars_loss_config: { name: 'MSELoss' },
    c_hidden: 8,
    num_layers: 1,
    dropout: 0.2,
    num_node_feats: 3,
    ...(bonds ? { num_edge_feats: 2, pool_from: 'nodes_edges' } : {}),
  };
  return makeGraphSetup({
    trainer,
    freeze: ['egnn'],
    definition: findModel('egnn_model', []) as GraphModel,
    config,
    facts,
    neighbours: { cutOff: 6, selfInteraction: false, cell: null },
    data: ({ targets: all, ...molecules }) => ({
      ...molecules,
      targets: { y_graph_scalars: all.y_graph_scalars as RaggedTargets },
      bonds: bonds ? oneBondEach(molecules.rows) : null,
    }),
  });
}

/** The first two atoms of each molecule are bonded. */
function oneBondEach(rows: number): BondColumns {
  return {
    offsets: Uint32Array.from({ length: rows + 1 }, (_, row) => row),
    pairs: Uint32Array.from({ length: rows * 2 }, (_, at) => at % 2),
    attrs: Float32Array.from({ length: rows * 2 }, (_, at) => (at % 3) - 1),
    width: 2,
  };
}

const trainer = { backend: 'wasm', maxEpochs: 3 } as const;
const SETUPS: Readonly<Record<string, () => StageSetup>> = {
  'the leading layers of an MLP, BatchNorm and dropout among them': () =>
    makeSetup({
      trainer,
      config: { num_layers: 4, hidden_dim: 6, batch_norm: true, dropout: 0.3 },
      freeze: ['module.0', 'module.1', 'module.4', 'module.5'],
    }),
  'the convolutions of a CNN': () => {
    const data = { ...makeDataset(24, 36, 3), y: Int32Array.from({ length: 24 }, (_, row) => row % 2), targetWidth: 2 };
    const config = { input_shape: [1, 6, 6], channels: [3, 4], hidden_dim: 5, classes: ['a', 'b'], batch_norm: true, dropout: 0.2 };
    return makeSetup({ trainer, model: 'cnn_classifier', config, data, validation: data, freeze: ['features'] });
  },
  'an encoder of molecules': () => makeGraphSetup({ trainer, freeze: ['encoder'] }),
  'the body of an EGNN': () => egnnSetup(false),
  'the body of an EGNN whose head reads edges, too': () => egnnSetup(true),
  'an encoder of molecules and of their edges': () => makeGraphSetup({ trainer, freeze: ['encoder'], definition: EDGE_MODEL }),
};

for (const [name, make] of Object.entries(SETUPS)) {
  test(`a stage trains to the same weights with the cache and without: ${name}`, async () => {
    await loadBackend('wasm');
    const plain = await record(make());
    const cached = await record(withCache(make()), { snapshotEveryStep: true });
    assert.ok(cached.log.phases.includes('encode'));
    // Rows are encoded in other batches than they are trained in, and a kernel may add up in another order for another batch.
    close(lastState(cached.log).weights, lastState(plain.log).weights, 1e-5);
    const [a, b] = [cached, plain].map(({ outcome }) =>
      outcome.kind === 'finished' ? outcome.result.metrics['val/total/loss'] : undefined,
    );
    assert.ok(Math.abs(Number(a) - Number(b)) <= 1e-5 * Math.abs(Number(b)), `${String(a)} ${String(b)}`);
    for (const { state } of cached.log.snapshots.slice(0, -1).filter((_, index) => index % 5 === 2)) {
      const resumed = await record(withCache(make()), { resume: state });
      assert.equal(digestState(lastState(resumed.log)), digestState(lastState(cached.log)), 'a resumed stage gives the same bits');
    }
  });
}

test('the cache leaves no tensor behind', async () => {
  await loadBackend('wasm');
  const before = memory().numTensors;
  for (const make of Object.values(SETUPS)) await record(withCache(make()));
  assert.equal(memory().numTensors, before);
});

test('a batch behind a prefix that reads no edges holds the encodings alone until more of it is read, and frees all of it', async (t) => {
  await loadBackend('wasm');
  const setup = withCache(makeGraphSetup({ trainer, freeze: ['encoder'] }));
  const batches = openBatches(NEIGHBOURS);
  t.after(() => batches.close());
  const params = paramsOf(setup);
  const cache = await openPrefixCache({ setup, params, batches, between: () => Promise.resolve() });
  const before = memory().numTensors;
  const batch = (await cache?.train.load(Uint32Array.of(5, 2))) as MoleculeBatch;
  assert.equal(memory().numTensors, before + 1);
  const { nodeOffsets } = setup.train as GraphDataset;
  const atoms = [5, 2].map((row) => (nodeOffsets[row + 1] ?? 0) - (nodeOffsets[row] ?? 0));
  assert.deepEqual([...(await batch.graphs.nodesPerGraph.data())], atoms);
  assert.deepEqual(batch.graphs.nodeAttrs.shape, [(atoms[0] ?? 0) + (atoms[1] ?? 0), 3]);
  assert.deepEqual(batch.encoded?.values['h']?.shape, [(atoms[0] ?? 0) + (atoms[1] ?? 0), 4]);
  assert.equal(batch.graphs.edgeIndex[0].index.size, 0);
  disposeBatch(batch);
  assert.equal(memory().numTensors, before);
  dispose(params);
});

test('the thread is told of batches before anything waits: the first ones at once, those of validation before training rows are done', async () => {
  await loadBackend('wasm');
  const setup = withCache(makeGraphSetup({ trainer, freeze: ['encoder'] }));
  const { batchSize } = setup.stage.datamodule.train;
  const log: string[] = [];
  const known = new Set<string>();
  const batches: BatchSources = {
    of(dataset) {
      const split = dataset === setup.train ? 'train' : 'validation';
      const here = batchesHere(dataset, NEIGHBOURS);
      return {
        expect: (rows) => {
          log.push(`${split} expects`);
          for (const each of rows) known.add(`${split} ${each.join(' ')}`);
        },
        load(rows) {
          log.push(`${split} loads`);
          assert.ok(known.delete(`${split} ${rows.join(' ')}`), 'every batch is expected');
          return here.load(rows);
        },
      };
    },
    start: () => undefined,
    close: () => {
      log.push('ends');
      return new Promise(() => undefined);
    },
  };
  const params = paramsOf(setup);
  await openPrefixCache({ setup, params, batches, between: () => Promise.resolve() });
  dispose(params);
  const loads = (split: string) => log.filter((each) => each === `${split} loads`).length;
  assert.deepEqual(
    [loads('train'), loads('validation')],
    [setup.train.rows, setup.validation?.rows ?? 0].map((rows) => Math.ceil(rows / batchSize)),
  );
  assert.equal(log[0], 'train expects');
  assert.ok(log.indexOf('validation expects') < log.lastIndexOf('train loads'), log.join(', '));
  assert.deepEqual([...known], [], 'nothing is expected that is never loaded');
  assert.equal(log.at(-1), 'ends', 'nobody waits for the end of the thread');
});

test('a forward pass that a prefix does not belong to is refused by name', async () => {
  await loadBackend('wasm');
  const other: GraphModel = {
    ...TINY_GRAPH_MODEL,
    forward(params, graphs, ctx) {
      const outputs = TINY_GRAPH_MODEL.forward(params, graphs, ctx);
      return { ...outputs, y_node_scalars: ctx.ops.scaleAndShift(outputs.y_node_scalars as Tensor, 1.001, 0) };
    },
  };
  const before = memory().numTensors;
  const setup = withCache(makeGraphSetup({ trainer, freeze: ['encoder'], definition: other }));
  await assert.rejects(record(setup), { code: 'MODEL_CONFIG_INVALID', message: /does not belong to its forward pass/u });
  assert.equal(memory().numTensors, before);
});

test('an encoding of another width than its definition says is refused by name, before a batch is made of it', async () => {
  await loadBackend('wasm');
  for (const width of [3, 40]) {
    const other: GraphModel = {
      ...TINY_GRAPH_MODEL,
      prefix(config, facts, still) {
        const prefix = TINY_GRAPH_MODEL.prefix?.(config, facts, still) ?? null;
        return prefix && { ...prefix, encodings: { h: { lines: 'node', width } } };
      },
    };
    const before = memory().numTensors;
    const setup = withCache(makeGraphSetup({ trainer, freeze: ['encoder'], definition: other }));
    await assert.rejects(record(setup), {
      code: 'MODEL_CONFIG_INVALID',
      message: /gives \d+ values of "h" for \d+ lines of (3|40)\.\nFix: /,
    });
    assert.equal(memory().numTensors, before);
  }
  const wide = withCache(makeSetup({ data: makeDataset(12, 3, 1), trainer: { ...trainer, maxEpochs: 1 }, freeze: ['module.0'] }));
  const { definition } = wide.model;
  assert.ok(definition.inputs !== 'graphs');
  const narrow: FeatureModel = {
    ...definition,
    prefix(config, facts, still) {
      const prefix = definition.prefix?.(config, facts, still) ?? null;
      return prefix && { ...prefix, shape: [2] };
    },
  };
  const refused = { code: 'MODEL_CONFIG_INVALID', message: /values of "x"/ };
  await assert.rejects(record({ ...wide, model: { ...wide.model, definition: narrow } }), refused);
});

test('a prefix that fails for the rows to validate by leaves nothing of those to train by', async () => {
  await loadBackend('wasm');
  const setup = withCache(makeGraphSetup({ trainer, freeze: ['encoder'] }));
  const rows = setup.train.rows;
  let encoded = 0;
  const failing: GraphModel = {
    ...TINY_GRAPH_MODEL,
    prefix(config, facts, still) {
      const prefix = TINY_GRAPH_MODEL.prefix?.(config, facts, still) ?? null;
      return (
        prefix && {
          ...prefix,
          encode(params, graphs, ctx) {
            // The check before encodes a few rows as well.
            if (encoded > rows + 8) throw new RangeError('enough');
            encoded += graphs.numGraphs;
            return prefix.encode(params, graphs, ctx);
          },
        }
      );
    },
  };
  const before = memory().numTensors;
  await assert.rejects(record({ ...setup, model: { ...setup.model, definition: failing } }), { message: 'enough' });
  assert.ok(encoded >= rows, `${encoded} of ${rows}`);
  assert.equal(memory().numTensors, before);
});

test('a model that has no prefix where the plan has one is another model', async () => {
  await loadBackend('wasm');
  const without: GraphModel = { ...TINY_GRAPH_MODEL, prefix: () => null };
  await assert.rejects(record(withCache(makeGraphSetup({ trainer, freeze: ['encoder'], definition: without }))), { code: 'PLAN_DRIFT' });
});

function paramsOf({ inputWeights }: StageSetup): Params {
  return Object.fromEntries([...inputWeights].map(([path, { data, shape }]) => [path, tensor(data, [...shape])]));
}

function withCache(setup: StageSetup): StageSetup {
  const { definition, config, facts } = setup.model;
  const modules = definition.prefix?.(config, facts, standsStill(setup.stage))?.modules ?? CACHED.modules;
  return { ...setup, stage: { ...setup.stage, prefixCache: { ...CACHED, modules } } };
}

function close(left: Weights, right: Weights, tolerance: number): void {
  assert.deepEqual([...left.keys()], [...right.keys()]);
  for (const [path, { data }] of left) {
    const other = right.get(path)?.data ?? [];
    const largest = Math.max(...other.map(Math.abs), 1e-3);
    data.forEach((value, at) => {
      assert.ok(Math.abs(value - (other[at] ?? Number.NaN)) <= tolerance * largest, `${path}[${at}]: ${value} ${String(other[at])}`);
    });
  }
}
