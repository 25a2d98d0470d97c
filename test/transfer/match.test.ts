import assert from 'node:assert/strict';
import test from 'node:test';
import type { ModulesToMatch } from '../../src/contracts/plan.ts';
import type { ModuleTree } from '../../src/contracts/tensors.ts';
import { RootstockError } from '../../src/errors.ts';
import { match } from '../../src/transfer/match.ts';
import { mlp, spec, tree } from './trees.ts';

const features = { 'features.0.weight': [4, 1, 3, 3], 'features.0.bias': [4], 'features.1.running_mean': [4] };
const digits = tree({ ...features, 'head.weight': [5, 16], 'head.bias': [5] });
const copies = (from: ModuleTree, to: ModuleTree, mapping: ModulesToMatch | null): Record<string, string> =>
  Object.fromEntries(match(from, to, mapping).report.matched.map((each) => [each.to, each.from]));
const failure = (from: ModuleTree, to: ModuleTree, mapping: ModulesToMatch | null): RootstockError => {
  try {
    match(from, to, mapping);
  } catch (error) {
    if (error instanceof RootstockError) return error;
    throw error;
  }
  return assert.fail('expected the match to fail');
};

void test('ruling Direction: a mapping reads {name in the pre-trained model: name in the new model}', () => {
  const old = tree({ 'encoder.weight': [2, 3] });
  const fresh = tree({ 'egnn.weight': [2, 3] });
  assert.deepEqual(copies(old, fresh, { encoder: 'egnn' }), { 'egnn.weight': 'encoder.weight' });
});

void test('ruling Direction: a value may be a list, one pre-trained module feeds several new ones (peer: surjective match)', () => {
  const four = mlp(2, 3, 3, 3, 1);
  assert.deepEqual(copies(four, four, { 'module.2': ['module.2', 'module.4'] }), {
    'module.2.weight': 'module.2.weight',
    'module.2.bias': 'module.2.bias',
    'module.4.weight': 'module.2.weight',
    'module.4.bias': 'module.2.bias',
  });
});

void test('ruling Direction: a pair that fits only reversed is MAPPING_INVERTED and the corrected mapping is printed', () => {
  const old = tree({ 'encoder.weight': [2, 3], 'head.weight': [1, 2] });
  const fresh = tree({ 'egnn.weight': [2, 3], 'head.weight': [1, 2] });
  const error = failure(old, fresh, { egnn: 'encoder', head: 'head' });
  assert.equal(error.code, 'MAPPING_INVERTED');
  assert.match(error.message, /Fix: write modules_to_match: \{encoder: egnn, head: head\}\./);
  assert.equal(error.details.correctedMapping, '{encoder: egnn, head: head}');
});

void test('ruling Direction: names that both sides have are inverted too when only the reversed shapes fit', () => {
  const old = tree({ 'a.weight': [2], 'b.weight': [3] });
  const fresh = tree({ 'a.weight': [3], 'b.weight': [4] });
  assert.equal(failure(old, fresh, { a: 'a' }).code, 'SHAPE_MISMATCH');
  const swapped = failure(old, fresh, { a: 'b' });
  assert.deepEqual([swapped.code, swapped.details.correctedMapping], ['MAPPING_INVERTED', '{b: a}']);
});

void test('ruling Direction: the original’s own {new: pre-trained} mapping is a conflict here, and the fix turns it round', () => {
  const four = mlp(2, 3, 3, 3, 1);
  const error = failure(four, four, { 'module.2': 'module.2', 'module.4': 'module.2' });
  assert.equal(error.code, 'MAPPING_CONFLICT');
  assert.match(error.message, /write modules_to_match: \{module\.2: \[module\.2, module\.4\]\}/);
});

void test('two sources for one target are MAPPING_CONFLICT; the same source twice is not', () => {
  const old = tree({ 'a.weight': [2], 'b.weight': [2] });
  const fresh = tree({ 'c.weight': [2] });
  const error = failure(old, fresh, { a: 'c', b: 'c' });
  assert.equal(error.code, 'MAPPING_CONFLICT');
  assert.match(error.message, /"c" of the new model would be fed by "a" and "b" of the pre-trained model/);
  assert.deepEqual(copies(old, fresh, { a: ['c', 'c'] }), { 'c.weight': 'a.weight' });
});

void test('ruling What a match covers: a name stands for all its children, parameters and buffers', () => {
  const { report } = match(digits, digits, { features: 'features' });
  assert.deepEqual(report.matched, [
    { from: 'features.0.weight', to: 'features.0.weight' },
    { from: 'features.0.bias', to: 'features.0.bias' },
    { from: 'features.1.running_mean', to: 'features.1.running_mean' },
  ]);
  assert.deepEqual(report.missing, ['head.weight', 'head.bias']);
  assert.deepEqual(report.unexpected, ['head.weight', 'head.bias']);
});

void test('ruling What a match covers: a name stops at a dot, layer.1 does not cover layer.10', () => {
  const layers = tree({ 'layer.1.weight': [1], 'layer.10.weight': [1] });
  assert.deepEqual(copies(layers, layers, { 'layer.1': 'layer.1' }), { 'layer.1.weight': 'layer.1.weight' });
});

void test('ruling What a match covers: of parent and child the most specific wins, whatever the order', () => {
  const old = mlp(3, 3, 3, 3);
  const expected = { 'module.2.weight': 'module.0.weight', 'module.0.weight': 'module.0.weight', 'module.4.weight': 'module.4.weight' };
  for (const mapping of [
    { module: 'module', 'module.0': 'module.2' },
    { 'module.0': 'module.2', module: 'module' },
  ]) {
    const found = copies(old, old, mapping);
    for (const [to, from] of Object.entries(expected)) assert.equal(found[to], from);
  }
});

void test('ruling What a match covers: a child that a more specific pair takes elsewhere need not have a place in the parent', () => {
  const old = tree({ 'body.a.weight': [2], 'body.head.weight': [3] });
  const fresh = tree({ 'body.a.weight': [2], 'readout.weight': [3] });
  assert.deepEqual(copies(old, fresh, { body: 'body', 'body.head': 'readout' }), {
    'body.a.weight': 'body.a.weight',
    'readout.weight': 'body.head.weight',
  });
});

void test('ruling What a match covers: null is the whole tree', () => {
  assert.equal(match(digits, digits, null).report.counts.matchedTensors, 5);
  assert.deepEqual(match(digits, digits, null).report.missing, []);
});

void test('ruling What a match covers: null is complete both ways', () => {
  const deeper = tree({ ...features, 'features.4.weight': [4], 'features.4.bias': [4], 'head.weight': [5, 16], 'head.bias': [5] });
  const missing = failure(digits, deeper, null);
  assert.equal(missing.code, 'MODULE_NOT_FOUND');
  assert.match(missing.message, /features\.4: the pre-trained model has no "features\.4" \(2 tensors, 8 parameters\)/);
  const unexpected = failure(deeper, digits, null);
  assert.equal(unexpected.code, 'MODULE_NOT_FOUND');
  assert.match(unexpected.message, /features\.4: the new model has nothing for "features\.4"/);
});

void test('a whole tree that differs names the parts that both share', () => {
  const other = tree({ ...features, 'readout.weight': [5, 16], 'readout.bias': [5] });
  assert.match(failure(digits, other, null).message, /name what both have, modules_to_match: \{features: features\};/);
});

void test('ruling What a match covers: buffers are compared like parameters', () => {
  const other = { tensors: digits.tensors.map((each) => (each.path.endsWith('running_mean') ? { ...each, shape: [8] } : each)) };
  assert.match(failure(other, digits, null).message, /features\.1\.running_mean: expected \[4\], received \[8\]/);
});

void test('ruling What a match covers: every problem is reported at once, each with its own code', () => {
  const old = tree({ 'a.weight': [2], 'b.weight': [2], 'c.num_batches_tracked': [] });
  const fresh: ModuleTree = {
    tensors: [spec('a.weight', [3]), spec('b.weight', [4]), { ...spec('c.num_batches_tracked', []), dtype: 'float32' }],
  };
  const error = failure(old, fresh, { a: 'a', b: 'b', c: 'c', nowhere: 'a' });
  assert.deepEqual(
    (error.details.problems as { code: string }[]).map(({ code }) => code),
    ['MODULE_NOT_FOUND', 'SHAPE_MISMATCH', 'SHAPE_MISMATCH', 'DTYPE_MISMATCH'],
  );
  assert.equal(error.code, 'MODULE_NOT_FOUND');
});

void test('a shape mismatch names both shapes, the source and the way out', () => {
  const imagenet = { ...tree({ ...features, 'head.weight': [1000, 16], 'head.bias': [1000] }), source: 'models/lumo' };
  assert.equal(
    failure(imagenet, digits, null).message,
    [
      '2 of 5 tensors cannot be copied from "models/lumo".',
      '  head.weight: expected [5, 16], received [1000, 16]',
      '  head.bias: expected [5], received [1000]',
      'Fix: leave "head" out with modules_to_match: {features: features}, or build the new model like the pre-trained one (model.config).',
    ].join('\n'),
  );
});

void test('a mismatch between modules of different names says where the value comes from', () => {
  const error = failure(tree({ 'old.weight': [2] }), tree({ 'new.weight': [3] }), { old: 'new' });
  assert.match(error.message, /new\.weight: expected \[3\], received \[2\] \(from "old\.weight"\)/);
});

void test('integer against float is DTYPE_MISMATCH', () => {
  const integers = { tensors: [{ path: 'a.weight', shape: [2], dtype: 'int64' as const }] };
  const error = (() => {
    try {
      match(integers, tree({ 'a.weight': [2] }), { a: 'a' });
    } catch (caught) {
      return caught as RootstockError;
    }
    return assert.fail('expected a failure');
  })();
  assert.equal(error.code, 'DTYPE_MISMATCH');
  assert.match(error.message, /a\.weight: expected float32, received int64/);
});

void test('ruling Numbers: float kinds of a file convert to float32 and the report says so', () => {
  const file = (...dtypes: string[]) => ({ tensors: dtypes.map((dtype, at) => ({ path: `a.${at}.weight`, shape: [2], dtype })) });
  const model = tree({ 'a.0.weight': [2], 'a.1.weight': [2], 'a.2.weight': [2] });
  assert.deepEqual(match(file('F32', 'BF16', 'F64'), model, null).report.conversions, [
    'a.1.weight: BF16 -> float32',
    'a.2.weight: F64 -> float32',
  ]);
  const integers = tree({ 'a.0.num_batches_tracked': [] });
  const counter = { tensors: [{ path: 'a.0.num_batches_tracked', shape: [], dtype: 'I32' }] };
  assert.deepEqual(match(counter, integers, null).report.conversions, ['a.0.num_batches_tracked: I32 -> int64']);
  assert.throws(() => match(file('F32', 'I64', 'F32'), model, null), { code: 'DTYPE_MISMATCH' });
});

void test('a name that is absent is MODULE_NOT_FOUND with the nearest names of its own side (peer: bad module name)', () => {
  const old = mlp(2, 3, 1);
  const left = failure(old, old, { 'modul.0': 'module.0' });
  assert.equal(left.code, 'MODULE_NOT_FOUND');
  assert.match(left.message, /the pre-trained model has no module "modul\.0" \(did you mean "module\.0"/);
  const right = failure(old, old, { 'module.0': 'bad_name' });
  assert.equal(right.code, 'MODULE_NOT_FOUND');
  assert.match(right.message, /the new model has no module "bad_name"/);
});

void test('a tensor is not a module, and the error says so', () => {
  const old = mlp(2, 3, 1);
  assert.match(failure(old, old, { 'module.0.weight': 'module.0' }).message, /"module\.0\.weight" is a tensor of the pre-trained model/);
});

void test('an empty mapping is an error, and so is an empty list of targets', () => {
  assert.equal(failure(digits, digits, {}).code, 'MAPPING_EMPTY');
  const error = failure(digits, digits, { features: [] });
  assert.equal(error.code, 'MAPPING_EMPTY');
  assert.match(error.message, /modules_to_match\.features/);
});

void test('a partial match leaves the rest fresh (peer: partial match)', () => {
  const { report } = match(mlp(2, 3, 1), mlp(2, 3, 1), { 'module.0': 'module.0' });
  assert.deepEqual(report.missing, ['module.2.weight', 'module.2.bias']);
});

void test('the report counts parameters and bytes of matched, fresh and unused modules', () => {
  const old = tree({ ...features, 'old_head.weight': [7, 16] });
  const { report } = match(old, digits, { features: 'features' });
  assert.deepEqual(report.counts, {
    matchedTensors: 3,
    matchedParameters: 40,
    matchedBytes: 176,
    freshParameters: 85,
    freshBytes: 340,
    unusedParameters: 112,
    unusedBytes: 448,
  });
  assert.deepEqual(report.modules, [
    { status: 'matched', from: 'features', to: 'features', parameters: 40, bytes: 176 },
    { status: 'fresh', from: null, to: 'head', parameters: 85, bytes: 340 },
    { status: 'unused', from: 'old_head', to: null, parameters: 112, bytes: 448 },
  ]);
});

void test('the root has the empty name: a bare body can be matched into a model that holds it', () => {
  const body = tree({ 'layers.0.weight': [2], 'layers.1.weight': [2] });
  const whole = tree({ 'egnn.layers.0.weight': [2], 'egnn.layers.1.weight': [2], 'head.weight': [1] });
  assert.deepEqual(copies(body, whole, { '': 'egnn' }), {
    'egnn.layers.0.weight': 'layers.0.weight',
    'egnn.layers.1.weight': 'layers.1.weight',
  });
});
