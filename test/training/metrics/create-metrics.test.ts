import assert from 'node:assert/strict';
import test from 'node:test';
import { RootstockError } from '../../../src/errors.ts';
import { chooseMetrics, createMetrics, metricNames } from '../../../src/training/metrics/create-metrics.ts';
import type { MetricBatch } from '../../../src/training/metrics/metric.ts';

/** Four roundings of float64 at most; inputs are exact in float32. */
const TOLERANCE = 1e-14;
const TARGETS = [3, -0.5, 2, 7];
const OUTPUTS = [2.5, 0, 2, 8];

function regression(outputs: readonly number[], targets: readonly number[], { rows = targets.length, loss = 0 } = {}): MetricBatch {
  return { rows, loss, outputs: Float32Array.from(outputs), targets: Float32Array.from(targets) };
}

void test("regression metrics give scikit-learn's documented values", () => {
  const metrics = createMetrics(['mae', 'rmse', 'r2'], 'regression');
  metrics.add(regression(OUTPUTS, TARGETS, { loss: 0.375 }));
  const values = metrics.values('test');
  assert.deepEqual(Object.keys(values), ['test/total/loss', 'test/mae', 'test/rmse', 'test/r2']);
  assert.equal(values['test/total/loss'], 0.375);
  near(values['test/mae'], 0.5);
  near(values['test/rmse'], Math.sqrt(0.375));
  near(values['test/r2'], 0.9486081370449679); // scikit-learn's r2_score example
});

void test('rmse and r2 of several targets are averages over targets', () => {
  const metrics = createMetrics(null, 'regression');
  // Columns: targets [1, -1, 7] and [1, 1, -6] (scikit-learn's multioutput shape), outputs off by [1, 1, -1] and [1, 1, 1].
  metrics.add(regression([2, 2, 0, 2, 6, -5], [1, 1, -1, 1, 7, -6], { rows: 3 }));
  const values = metrics.values('val');
  near(values['val/mae'], 1);
  near(values['val/rmse'], 1);
  const score = (targets: number[]): number => {
    const mean = targets.reduce((sum, value) => sum + value, 0) / targets.length;
    return 1 - 3 / targets.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  };
  near(values['val/r2'], (score([1, -1, 7]) + score([1, 1, -6])) / 2);
});

void test('rows count, not batches: any batching gives the same bits, the loss is weighted by samples', () => {
  const whole = createMetrics(null, 'regression');
  whole.add(regression(OUTPUTS, TARGETS, { loss: 2.5 }));
  const parts = createMetrics(null, 'regression');
  parts.add(regression(OUTPUTS.slice(0, 3), TARGETS.slice(0, 3), { loss: 2 }));
  parts.add(regression(OUTPUTS.slice(3), TARGETS.slice(3), { loss: 4 }));
  assert.deepEqual(parts.values('val'), whole.values('val'));
});

void test('r2 loses no digits to a large offset', () => {
  const metrics = createMetrics(['r2'], 'regression');
  const offset = 4_194_304; // 2^22: halves are still exact in float32
  metrics.add(
    regression(
      [1, 2.5, 3, 3.5].map((value) => value + offset),
      [1, 2, 3, 4].map((value) => value + offset),
    ),
  );
  near(metrics.values('test')['test/r2'], 0.9);
});

void test('r2 of a constant target is 1 when exact and 0 otherwise, and NaN for one row', () => {
  const score = (outputs: number[], targets: number[]): unknown => {
    const metrics = createMetrics(['r2'], 'regression');
    metrics.add(regression(outputs, targets));
    return metrics.values('test')['test/r2'];
  };
  assert.deepEqual([score([2, 2], [2, 2]), score([2, 3], [2, 2]), score([1], [1])], [1, 0, 'NaN']);
});

void test('accuracy takes the first of equal logits, and a NaN is wrong', () => {
  const metrics = createMetrics(null, 'classification');
  const outputs = Float32Array.from([1, 1, 0, /**/ 0, 1, 2, /**/ 3, 1, 2, /**/ 0, 9, Number.NaN]);
  metrics.add({ rows: 4, loss: 1, outputs, targets: Int32Array.of(0, 2, 1, 1) });
  assert.deepEqual(metrics.values('val'), { 'val/total/loss': 1, 'val/accuracy': 0.5 });
});

void test('a NaN loss shows in the mean, and nothing at all is NaN', () => {
  const metrics = createMetrics(['loss'], 'regression');
  assert.deepEqual(metrics.values('train'), { 'train/total/loss': 'NaN' });
  metrics.add(regression([], [], { rows: 2, loss: 1 }));
  assert.deepEqual(metrics.values('train'), { 'train/total/loss': 1 });
  metrics.add(regression([], [], { rows: 2, loss: Number.NaN }));
  metrics.add(regression([], [], { rows: 2, loss: 1 }));
  assert.deepEqual(metrics.values('train'), { 'train/total/loss': 'NaN' });
});

void test('only the loss leaves the outputs on the device', () => {
  assert.equal(createMetrics(['loss'], 'regression').needsOutputs, false);
  assert.equal(createMetrics(['mae'], 'regression').needsOutputs, true);
});

void test('saved sums go on bit for bit after a trip through JSON', () => {
  const straight = createMetrics(null, 'regression');
  const interrupted = createMetrics(null, 'regression');
  const batch = (seed: number): MetricBatch => regression([0.1 * seed, 1 / seed], [0.3, seed / 7], { loss: 0.1 / seed });
  for (let seed = 1; seed <= 5; seed++) {
    straight.add(batch(seed));
    interrupted.add(batch(seed));
  }
  const resumed = createMetrics(null, 'regression');
  resumed.restore(JSON.parse(JSON.stringify(interrupted.save())) as ReturnType<typeof interrupted.save>);
  for (const metrics of [straight, resumed]) metrics.add(batch(9));
  assert.deepEqual(resumed.values('val'), straight.values('val'));
});

void test('every unknown or unfitting metric is refused, with the names there are', () => {
  assert.deepEqual(metricNames('classification'), ['loss', 'accuracy']);
  assert.throws(
    () => createMetrics(['mae', 'f1', 'accuracy'], 'regression'),
    (error) =>
      error instanceof RootstockError &&
      error.code === 'CONFIG_INVALID' &&
      /"f1" is not a metric/.test(error.message) &&
      /"accuracy" is a metric of classification/.test(error.message) &&
      /use loss, mae, rmse, r2/.test(error.message),
  );
  assert.throws(() => createMetrics(['MAE'], 'regression'), { message: /"MAE" is not a metric \(did you mean "mae"/ });
});

function near(actual: unknown, expected: number): void {
  assert.ok(typeof actual === 'number' && Math.abs(actual - expected) <= TOLERANCE, `expected ${expected}, received ${String(actual)}`);
}

void test('a metric that does not exist is located where it was named: in the run file, or as an option', () => {
  assert.throws(() => chooseMetrics(['MAE'], 'regression'), { message: /\n {2}evaluation\.metrics: "MAE"/u });
  assert.throws(() => chooseMetrics(['MAE'], 'regression', '--metrics'), { message: /\n {2}--metrics: "MAE"/u });
});
