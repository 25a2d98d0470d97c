import assert from 'node:assert/strict';
import test from 'node:test';
import { type BatchResults, createHeadMetrics, type TargetLayout } from '../../../src/training/metrics/head-metrics.ts';
import type { HostLossTerms } from '../../../src/training/metrics/running-loss.ts';

const ONE: TargetLayout = { task: 'regression', heads: [{ name: 'y_graph_scalars', columns: ['homo', 'lumo'] }], headLosses: true };
const TWO: TargetLayout = {
  ...ONE,
  heads: [
    { name: 'y_graph_scalars', columns: ['homo', 'lumo'] },
    { name: 'y_node_scalars', columns: ['charge'] },
  ],
};
/** A mean loss over `count` terms. */
function mean(value: number, count: number): HostLossTerms {
  return { combine: 'sum', means: [{ sum: value * count, count }] };
}

/** Two molecules of three atoms in all; the second homo and one charge are missing. */
const BATCH: BatchResults = {
  losses: { y_graph_scalars: mean(1, 2), y_node_scalars: mean(2, 3) },
  heads: {
    y_graph_scalars: { rows: 2, outputs: Float32Array.of(1, 2, 3, 4), targets: Float32Array.of(0, 0, Number.NaN, 1) },
    y_node_scalars: { rows: 3, outputs: Float32Array.of(1, 1, 1), targets: Float32Array.of(0, Number.NaN, 4) },
  },
};

test('one head of molecules: losses under the names of physicsml, metrics without the name of the head', () => {
  const metrics = createHeadMetrics(ONE, null, { perColumn: false });
  metrics.add(BATCH);
  assert.deepEqual(Object.keys(metrics.values('val')), ['val/total/loss', 'val/total/y_graph_scalars', 'val/mae', 'val/rmse', 'val/r2']);
});

test('a missing target is left out of every metric, and only it', () => {
  const metrics = createHeadMetrics(ONE, ['mae', 'rmse', 'r2'], { perColumn: true });
  metrics.add(BATCH);
  const values = metrics.values('test');
  assert.equal(values['test/mae'], (1 + 2 + 3) / 3, 'over the three values that are there');
  assert.equal(values['test/mae/homo'], 1);
  assert.equal(values['test/mae/lumo'], 2.5);
  // homo: sqrt(1); lumo: sqrt((4 + 9) / 2).
  assert.equal(values['test/rmse'], (1 + Math.sqrt(6.5)) / 2);
  // homo has one value, which has no coefficient; lumo: total 0.5, residual 13.
  assert.equal(values['test/r2'], 1 - 13 / 0.5);
  assert.equal(values['test/r2/homo'], 'NaN');
});

test('several heads are judged apart, a loss is a mean over its terms, and the total is the sum of heads', () => {
  const metrics = createHeadMetrics(TWO, ['mae'], { perColumn: true });
  metrics.add(BATCH);
  metrics.add({ ...BATCH, losses: { y_graph_scalars: mean(5, 6), y_node_scalars: mean(7, 1) } });
  const values = metrics.values('test');
  assert.deepEqual(Object.keys(values), [
    'test/total/loss',
    'test/total/y_graph_scalars',
    'test/total/y_node_scalars',
    'test/y_graph_scalars/mae',
    'test/y_graph_scalars/mae/homo',
    'test/y_graph_scalars/mae/lumo',
    'test/y_node_scalars/mae',
  ]);
  assert.equal(values['test/total/y_graph_scalars'], (1 * 2 + 5 * 6) / 8);
  assert.equal(values['test/total/y_node_scalars'], (2 * 3 + 7 * 1) / 4);
  assert.equal(values['test/total/loss'], 32 / 8 + 13 / 4);
  assert.equal(values['test/y_node_scalars/mae'], 2);
});

test('a model of plain features keeps its names', () => {
  const metrics = createHeadMetrics({ task: 'regression', heads: [{ name: 'y', columns: ['y'] }], headLosses: false }, ['mae'], {
    perColumn: true,
  });
  metrics.add({
    losses: { loss: mean(1, 2) },
    heads: { y: { rows: 2, outputs: Float32Array.of(1, 2), targets: Float32Array.of(1, 0) } },
  });
  assert.deepEqual(metrics.values('test'), { 'test/total/loss': 1, 'test/mae': 1 });
});

test('metrics that are restored from nothing start anew', () => {
  const [used, fresh] = [0, 1].map(() => createHeadMetrics(TWO, null, { perColumn: true }));
  assert.ok(used && fresh);
  used.add({ ...BATCH, losses: { y_graph_scalars: mean(9, 7), y_node_scalars: mean(8, 3) } });
  used.restore({});
  assert.deepEqual(used.values('val'), fresh.values('val'));
  for (const metrics of [used, fresh]) metrics.add(BATCH);
  assert.deepEqual(used.values('val'), fresh.values('val'));
});

test('saved sums of all heads go on bit for bit after a trip through JSON', () => {
  const [straight, interrupted, resumed] = [0, 1, 2].map(() => createHeadMetrics(TWO, null, { perColumn: true }));
  assert.ok(straight && interrupted && resumed);
  straight.add(BATCH);
  interrupted.add(BATCH);
  resumed.restore(JSON.parse(JSON.stringify(interrupted.save())) as ReturnType<typeof interrupted.save>);
  const next = { ...BATCH, losses: { y_graph_scalars: mean(0.3, 7), y_node_scalars: mean(0.7, 3) } };
  for (const metrics of [straight, resumed]) metrics.add(next);
  assert.deepEqual(resumed.values('val'), straight.values('val'));
});
