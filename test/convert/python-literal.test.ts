import assert from 'node:assert/strict';
import test from 'node:test';
import { parsePythonLiteral } from '../../src/convert/python-literal.ts';

const read = (text: string) => parsePythonLiteral(text, 'config.py');

test('a dictionary as Python prints it becomes JSON: tuples are lists, keys are text', () => {
  const text = `{'a': (1, 2), "b": [True, False, None], 1: {'c': -2.5e-3}, 'd': (3,), 'e': (4), 'f': (), 'g': 1_000}`;
  assert.deepEqual(read(text).value, {
    a: [1, 2],
    b: [true, false, null],
    1: { c: -0.0025 },
    d: [3],
    e: 4,
    f: [],
    g: 1000,
  });
});

test('what people write in scripts reads too: an assignment, comments, trailing commas, dict(), strings in all forms', () => {
  const text = `model_config = {  # the model
    'a': 'one' "two",
    "b": '''three
lines''',
    'c': r'\\d', 'd': 'tab\\t\\x41\\u00e9', # more
    'e': dict(lr=1e-4, name='Adam'), 'f': 0x10, 'g': \\
       .5,
}`;
  assert.deepEqual(read(text).value, {
    a: 'onetwo',
    b: 'three\nlines',
    c: '\\d',
    d: 'tab\tAé',
    e: { lr: 1e-4, name: 'Adam' },
    f: 16,
    g: 0.5,
  });
});

test('JSON reads as well', () => {
  assert.deepEqual(read('{"a": [true, false, null, "\\u0041", 1e3], "b": {}}').value, { a: [true, false, null, 'A', 1000], b: {} });
});

test('a float that is whole is remembered, because JSON cannot say it', () => {
  const { value, wholeFloats } = read(`{'a': 1.0, 'b': 1, 'c': [2.0, 2.5], 'd': 1e3}`);
  assert.deepEqual(value, { a: 1, b: 1, c: [2, 2.5], d: 1000 });
  assert.deepEqual([...wholeFloats], ['a', 'c.0', 'd']);
});

test('scalars as numpy 2 prints them are the numbers, truths and texts that they hold', () => {
  const text = `{'lr': np.float64(0.001), 'n': np.int64(3), 'a': np.True_, 'b': np.bool_(False), 'c': numpy.float32(-2.5), 'd': np.str_('x'),
    'e': -np.float64(0.5), 'f': [np.float64(1.0), np.int32(-1)], 'g': float(2), 'h': float('1e-3'), 'i': np.bool(True)}`;
  const { value, wholeFloats } = read(text);
  assert.deepEqual(value, { lr: 0.001, n: 3, a: true, b: false, c: -2.5, d: 'x', e: -0.5, f: [1, -1], g: 2, h: 0.001, i: true });
  assert.deepEqual([...wholeFloats], ['f.0', 'g']);
});

for (const [written, value] of [
  ['inf', 'inf'],
  ['-inf', '-inf'],
  ["float('inf')", 'inf'],
  ['-float("Infinity")', '-inf'],
  ["float('-inf')", '-inf'],
  ['np.inf', 'inf'],
  ['math.nan', 'nan'],
  ['NaN', 'nan'],
  ['np.float64(nan)', 'nan'],
  ["np.float32('inf')", 'inf'],
] as const) {
  test(`${written} is refused with its key, its line and what to write`, () => {
    assert.throws(
      () => read(`{'trainer': {\n  'gradient_clip_val': ${written}}}`),
      (error: Error & { code?: string }) =>
        error.code === 'CONFIG_SYNTAX' &&
        /^config\.py:2:\d+: /u.test(error.message) &&
        error.message.includes(
          `: trainer.gradient_clip_val is ${value}, which neither JSON nor a run file can hold.\nFix: leave the key out`,
        ),
    );
  });
}

test('a literal says where it begins', () => {
  assert.equal(read('# a model\nmodel_config = {}').place, 'config.py:2:16');
});

for (const [text, place, problem] of [
  [`{'a': int(1e6)}`, '1:7', 'int(...) is a function call'],
  [`{'a': np.array([1])}`, '1:7', 'np.array(...) is a function call'],
  [`{'a': np.float64}`, '1:7', 'np.float64 is a variable'],
  [`{'a': np.int64(1.5)}`, '1:16', 'expected a whole number in np.int64(...)'],
  [`{'a': np.float64([1])}`, '1:18', 'expected a number in np.float64(...)'],
  [`{'a': -None}`, '1:8', 'expected a number'],
  [`{'a': torch.inf()}`, '1:7', 'torch.inf(...) is a function call'],
  [`{'a':\n  learning_rate}`, '2:3', 'learning_rate is a variable'],
  [`{'a': __import__('os').system('true')}`, '1:7', '__import__(...) is a function call'],
  [`{'a': f'x{1}'}`, '1:7', 'f-string'],
  [`import x\na = {}`, '1:1', '"import" begins a statement'],
  [`{'a': b'x'}`, '1:7', 'bytes'],
  [`{'a': 1, 'a': 2}`, '1:10', 'twice'],
  [`{'a': 'open`, '1:7', 'not closed'],
  [`{'a' 1}`, '1:6', 'expected ":"'],
  [`{'a': 1} {}`, '1:10', 'expected the end'],
  [`{'a': 99999999999999999999}`, '1:7', 'cannot be held exactly'],
  [`{'__proto__': {}}`, '1:2', 'not allowed'],
  [`{[1]: 2}`, '1:2', 'a key has to be text'],
  ['{"a": 1;}', '1:8', 'is not part of a literal'],
  ['', '1:1', 'expected a value'],
  ['['.repeat(70), '1:66', 'nested more than 64 deep'],
] as const) {
  test(`${JSON.stringify(text.slice(0, 40))} is refused with line and column`, () => {
    assert.throws(
      () => read(text),
      (error: Error & { code?: string }) =>
        error.code === 'CONFIG_SYNTAX' && error.message.includes(`config.py:${place}: `) && error.message.includes(problem),
    );
  });
}

test('a number too large for a float is infinity, and refused as such, whoever writes it', () => {
  for (const [number, word] of [
    ['1e400', 'inf'],
    ['-1e400', '-inf'],
    ['np.float64(1e400)', 'inf'],
    ['float("1e400")', 'inf'],
    ['float("-1e400")', '-inf'],
  ] as const)
    assert.throws(() => read(`{'a': ${number}}`), {
      code: 'CONFIG_SYNTAX',
      message: new RegExp(`: a is ${word}, which neither JSON nor`, 'u'),
    });
  assert.deepEqual(read("{'a': 1e300}").value, { a: 1e300 });
});
