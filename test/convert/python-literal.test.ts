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

for (const [text, place, problem] of [
  [`{'a': int(1e6)}`, '1:7', 'int(...) is a function call'],
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
