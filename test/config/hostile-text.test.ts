import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import { parseRun, parseRunObject } from '../../src/config/parse-run.ts';
import { RootstockError } from '../../src/errors.ts';
import { failure, options, smallRun } from './helpers.ts';

const code = (text: string) => failure(() => parseRun(text, options)).code;
const message = (text: string) => failure(() => parseRun(text, options)).message;

void test('text over a limit is refused before it can hurt', () => {
  assert.equal(code('x'.repeat(1_048_577)), 'CONFIG_TOO_LARGE');
  assert.equal(code('é'.repeat(600_000)), 'CONFIG_TOO_LARGE');
  for (const open of ['[', '{a: ', '- ', '? ', 'a: ']) assert.equal(code(open.repeat(200_000)), 'CONFIG_TOO_LARGE', open);
  assert.equal(code('['.repeat(40) + ']'.repeat(40)), 'CONFIG_TOO_LARGE');
  assert.equal(code(`[${'1,'.repeat(60_000)}]`), 'CONFIG_TOO_LARGE');
  assert.equal(code(Array.from({ length: 60_000 }, (_, index) => `k${index}: 1`).join('\n')), 'CONFIG_TOO_LARGE');
});

void test('an alias bomb is refused', () => {
  const lines = ['a0: &a0 [x, x]', ...Array.from({ length: 30 }, (_, index) => `a${index + 1}: &a${index + 1} [*a${index}, *a${index}]`)];
  assert.match(message(lines.join('\n')), /more than 10 aliases/u);
  const few = [`a0: &a0 [${'x, '.repeat(9_000)}]`, 'a1: &a1 [*a0, *a0]', 'a2: &a2 [*a1, *a1]', 'a3: [*a2, *a2]'];
  assert.equal(code(few.join('\n')), 'CONFIG_TOO_LARGE');
  assert.equal(code('a: &a [*a]'), 'CONFIG_TOO_LARGE');
});

void test('a few aliases are convenient and allowed', () => {
  const text = JSON.stringify(smallRun()).replace('"train.parquet"', '&p "train.parquet", "test": *p');
  assert.deepEqual(parseRun(text, options).data, { train: 'train.parquet', test: 'train.parquet' });
});

void test('keys that reach a prototype, merge keys, duplicates, tags, other YAML versions and second documents are refused with their place', () => {
  const cases: [string, RegExp][] = [
    ['__proto__: {a: 1}', /run\.yaml:1:1: the name "__proto__" is not allowed/u],
    ['model: {config: {"constructor": 1}}', /run\.yaml:1:18: the name "constructor" is not allowed/u],
    ['a: &a {b: 1}\nc: {<<: *a}', /run\.yaml:2:5: merge keys are not allowed/u],
    ['name: a\nname: b', /run\.yaml:2:1: the key "name" is there twice/u],
    ['{"name": 1, "name": 2}', /run\.yaml:1:13: the key "name" is there twice/u],
    ['name: !!js/function x', /run\.yaml:1:7: Unresolved tag/u],
    ['name: !mine x', /Unresolved tag/u],
    ['%YAML 1.1\n---\nname: x', /YAML 1\.1 is not supported/u],
    ['name: a\n---\nname: b', /run\.yaml:2:1: a second document begins here/u],
    ['name: [a\nseed: 1', /run\.yaml:2:1/u],
    ['a: *nothing', /run\.yaml:1:4: the alias \*nothing has no anchor/u],
    ['? [a]\n: b', /a key must be plain text/u],
    ['', /the document is empty/u],
    ['# nothing', /the document is empty/u],
    ['seed: .nan', /\.nan is not a number/u],
    ['seed: 12345678901234567890', /12345678901234567890 is not a number that can be held exactly/u],
  ];
  for (const [text, expected] of cases) {
    assert.equal(code(text), 'CONFIG_SYNTAX', text);
    assert.match(message(text), expected);
  }
  assert.equal(Object.getPrototypeOf({}), Object.prototype);
  assert.equal(Reflect.get({}, 'a'), undefined);
});

void test('objects that are not plain data are refused', () => {
  const cyclic: Record<string, unknown> = { ...smallRun() };
  cyclic['self'] = [cyclic, cyclic];
  for (const value of [
    cyclic,
    new Map(),
    () => 1,
    { name: Symbol('x') },
    { seed: 1n },
    { seed: Number.NaN },
    { data: new Date(0) },
    JSON.parse('{"__proto__": 1}'),
  ]) {
    assert.match(failure(() => parseRunObject(value, options)).code, /CONFIG_/u);
  }
});

/** Runs a parser and says whether it kept its promise: a run, or a RootstockError of a known code. */
function keepsPromise(run: () => unknown): boolean {
  try {
    run();
    return true;
  } catch (error) {
    return (
      error instanceof RootstockError &&
      ['CONFIG_SYNTAX', 'CONFIG_INVALID', 'CONFIG_TOO_LARGE', 'NOT_AVAILABLE', 'UNKNOWN_MODEL', 'MAPPING_EMPTY'].includes(error.code)
    );
  }
}

void test('any text gives a run or a RootstockError', () => {
  const yamlish = fc
    .array(
      fc.constantFrom(
        'a',
        ':',
        ' ',
        '\n',
        '- ',
        '[',
        ']',
        '{',
        '}',
        ',',
        '&x',
        '*x',
        '"',
        "'",
        '|',
        '>',
        '#',
        '!',
        '%',
        '?',
        '---',
        '<<',
        '1e-3',
        '\t',
        '~',
        '\\',
        '\u0000',
      ),
      {
        maxLength: 60,
      },
    )
    .map((parts) => parts.join(''));
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary', maxLength: 200 }), yamlish), (text) => keepsPromise(() => parseRun(text, options))),
    { numRuns: 1500 },
  );
});

void test('a run file with a piece torn out or put in gives a run or a RootstockError', () => {
  const text = JSON.stringify(smallRun({ trainer: { callbacks: [{ EarlyStopping: { monitor: 'm' } }] }, scheduler: null }), null, 2);
  const piece = fc.oneof(
    fc.string({ maxLength: 12 }),
    fc.constantFrom('{', '[', ']', '}', ',', ':', '"', '\n', '&a ', '*a', '!x ', '1.0', 'null', '? ', '- '),
  );
  fc.assert(
    fc.property(fc.nat(text.length), fc.nat(20), piece, (from, length, inserted) =>
      keepsPromise(() => parseRun(text.slice(0, from) + inserted + text.slice(from + length), options)),
    ),
    { numRuns: 1000 },
  );
});

void test('any value anywhere in a run gives a run or a RootstockError', () => {
  const paths = [
    ['name'],
    ['seed'],
    ['data'],
    ['data', 'train'],
    ['data', 'split'],
    ['evaluation'],
    ['output'],
    ['model'],
    ['model', 'name'],
    ['model', 'config'],
    ...['x_features', 'width', 'trainer', 'datamodule', 'optimizer', 'scheduler', 'transfer_learning'].map((key) => [
      'model',
      'config',
      key,
    ]),
    ['model', 'config', 'trainer', 'callbacks'],
    ['model', 'config', 'trainer', 'logger'],
    ['model', 'config', 'optimizer', 'name'],
    ['model', 'config', 'optimizer', 'config'],
    ['model', 'config', 'transfer_learning', 'stages'],
    ['model', 'config', 'transfer_learning', 'stages', '0'],
    ['model', 'config', 'transfer_learning', 'modules_to_match'],
  ];
  const key = fc.oneof(
    fc.string({ maxLength: 8 }),
    fc.constantFrom('name', 'config', 'constructor', 'toString', 'EarlyStopping', 'csv', 'train', 'sql', '__proto__'),
  );
  const value = fc.oneof(fc.anything({ key, maxDepth: 3 }), fc.jsonValue({ maxDepth: 3 }));
  const base = () => smallRun({ trainer: {}, optimizer: {}, transfer_learning: { pre_trained_model_path: 'p', stages: [{}] } });
  fc.assert(
    fc.property(fc.constantFrom(...paths), value, (path, replacement) => {
      const run = base();
      let here: Record<string, unknown> = run;
      for (const part of path.slice(0, -1)) here = here[part] as Record<string, unknown>;
      here[path.at(-1) ?? ''] = replacement;
      return keepsPromise(() => parseRunObject(run, options));
    }),
    { numRuns: 1500 },
  );
});

void test('any --set option gives a run or a RootstockError', () => {
  const part = fc.constantFrom(
    'model',
    'config',
    'trainer',
    'stages',
    '0',
    '1',
    '99999999',
    'seed',
    'seed_everything',
    '__proto__',
    '"a.b"',
    '"',
    '',
    '.',
    '=',
    '==1',
    '=[',
    '={a: 1}',
    '=1e-3',
    '=null',
  );
  const option = fc.array(part, { maxLength: 6 }).map((parts) => parts.join('.').replaceAll('.=', '='));
  const text = JSON.stringify(smallRun());
  fc.assert(
    fc.property(fc.array(option, { maxLength: 3 }), (set) => keepsPromise(() => parseRun(text, { ...options, set }))),
    { numRuns: 500 },
  );
});
