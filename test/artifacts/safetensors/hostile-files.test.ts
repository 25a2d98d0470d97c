import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import test from 'node:test';
import * as fc from 'fast-check';
import { readSafetensors, readTree } from '../../../src/artifacts/safetensors/read.ts';
import type { BlobReader } from '../../../src/artifacts/store.ts';
import { RootstockError } from '../../../src/errors.ts';
import { temporaryDirectory } from '../../helpers/store-faults.ts';
import { entry, f32, file, i64, memory, write } from '../../helpers/store-safetensors.ts';

test('hostile bytes never give anything but a RootstockError', async () => {
  const good = write(
    new Map([
      ['layer.weight', f32([2, 2], [1, 2, 3, 4])],
      ['n', i64([1], [7])],
    ]),
  );
  const edits = fc.array(fc.tuple(fc.nat(good.byteLength - 1), fc.nat(255)), { minLength: 1, maxLength: 4 });
  const mutated = fc.tuple(edits, fc.nat(good.byteLength)).map(([changes, length]) => {
    const bytes = Buffer.from(good);
    for (const [at, value] of changes) bytes[at] = value;
    return length % 3 === 0 ? bytes.subarray(0, length) : bytes;
  });
  const anyJson = fc.json({ maxDepth: 4 }).map((json) => file(json, 16));
  const likely = fc
    .record({
      dtype: fc.oneof(fc.constantFrom('F32', 'I64', 'F16', 'BOOL', 'X'), fc.anything()),
      shape: fc.oneof(fc.array(fc.integer()), fc.anything()),
      data_offsets: fc.oneof(fc.array(fc.double(), { maxLength: 3 }), fc.anything()),
    })
    .map((value) =>
      file(
        JSON.stringify({ x: value }, (_, item: unknown) => (typeof item === 'bigint' ? Number(item) : item)),
        8,
      ),
    );
  await fc.assert(
    fc.asyncProperty(fc.oneof(mutated, anyJson, likely, fc.uint8Array({ maxLength: 200 })), async (bytes) => {
      try {
        await readSafetensors(memory(bytes), { budgetParameters: 1000 });
      } catch (error) {
        assert.ok(error instanceof RootstockError, String(error));
        assert.ok(['CHECKPOINT_INVALID', 'CHECKPOINT_UNSUPPORTED', 'PARAMETER_BUDGET'].includes(error.code), error.code);
      }
    }),
    { numRuns: 1500 },
  );
});

const oversized = Buffer.alloc(8);
oversized.writeBigUInt64LE(BigInt(16 * 1024 * 1024 + 1));
const huge = Buffer.alloc(8, 0xff);

const malformed: readonly (readonly [kind: string, bytes: Uint8Array, sentence: RegExp])[] = [
  ['an empty file', Buffer.alloc(0), /the file is truncated: it has 0 bytes, its first field alone takes 8/],
  ['a header beyond the end', file('{}').subarray(0, 9), /the file is truncated: its header needs 10 bytes, it has 9/],
  ['data beyond the end', file({ a: entry(0, 8) }, 4), /the file is truncated: its tensors need \d+ bytes, it has \d+/],
  ['bytes after the last tensor', file({ a: entry(0, 4) }, 7), /the file has 3 bytes after its last tensor/],
  ['an oversized header', Buffer.concat([oversized, Buffer.alloc(8)]), /the header is oversized: 16777217 bytes/],
  ['a header length of 2^64 - 1', huge, /the header is oversized: 18446744073709551615 bytes/],
  ['an empty header', file(''), /the header is empty/],
  ['a header that is not UTF-8', Buffer.concat([file('ab').subarray(0, 8), Buffer.of(0xc3, 0x28)]), /the header is not valid UTF-8/],
  ['a header that is not JSON', file('{"a":'), /the header ends in the middle of a value/],
  ['a header in another JSON dialect', file("{'a':1}"), /the header is not valid JSON: expected a key/],
  ['a header that is a list', file('[]'), /the header is not a JSON object/],
  ['text after the header', file('{}{}'), /the header goes on after its end/],
  ['a deep header', file('['.repeat(100_000)), /the header nests deeper than 8/],
  ['overlapping offsets', file({ a: entry(0, 8), b: entry(4, 12) }, 12), /b: overlaps a by 4 bytes/],
  ['a gap', file({ a: entry(0, 4), b: entry(8, 12) }, 12), /b: leaves a gap of 4 bytes after a/],
  ['a gap at the start', file({ a: entry(4, 8) }, 8), /a: leaves a gap of 4 bytes after the start of the data/],
  [
    'two tensors of one name',
    file('{"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}', 4),
    /has the key "a" twice/,
  ],
  ['two shapes of one tensor', file('{"a":{"dtype":"F32","shape":[1],"shape":[],"data_offsets":[0,4]}}', 4), /has the key "shape" twice/],
  ['the same name escaped', file('{"a":{},"\\u0061":{}}', 4), /has the key "a" twice/],
  ['an unknown dtype', file({ a: entry(0, 4, { dtype: 'F33' }) }, 4), /a: has the unknown dtype "F33"/],
  ['a dtype from Object.prototype', file({ a: entry(0, 4, { dtype: 'constructor' }) }, 4), /a: has the unknown dtype "constructor"/],
  ['no dtype', file({ a: { shape: [1], data_offsets: [0, 4] } }, 4), /a: has no dtype/],
  ['a negative size', file({ a: entry(0, 4, { shape: [-1] }) }, 4), /a: shape holds the negative number -1/],
  ['a fractional size', file({ a: entry(0, 4, { shape: [1.5] }) }, 4), /a: shape holds 1\.5, expected whole numbers/],
  [
    'an unsafe size',
    file('{"a":{"dtype":"F32","shape":[9007199254740993],"data_offsets":[0,4]}}', 4),
    /a: shape holds 9007199254740993, which is above 2\^53 - 1/,
  ],
  [
    'sizes whose product overflows',
    file({ a: entry(0, 0, { shape: [4294967296, 4294967296] }) }),
    /a: shape \[4294967296, 4294967296\] of F32 takes 73786976294838206464 bytes, but data_offsets hold 0/,
  ],
  [
    'a product that does not match',
    file({ a: entry(0, 8, { shape: [3] }) }, 8),
    /a: shape \[3\] of F32 takes 12 bytes, but data_offsets hold 8/,
  ],
  ['too many dimensions', file({ a: entry(0, 4, { shape: Array(33).fill(1) }) }, 4), /a: shape has 33 dimensions/],
  ['offsets in reverse', file({ a: entry(0, 4, { data_offsets: [4, 0] }) }, 4), /a: data_offsets end \(0\) before they begin \(4\)/],
  ['three offsets', file({ a: entry(0, 4, { data_offsets: [0, 4, 8] }) }, 4), /a: data_offsets has 3 numbers, expected 2/],
  ['offsets as text', file({ a: entry(0, 4, { data_offsets: ['0', '4'] }) }, 4), /a: data_offsets holds a string/],
  ['an unknown key', file({ a: entry(0, 4, { code: 'rm' }) }, 4), /a: its entry has the unknown key "code"/],
  ['an entry that is a list', file({ a: [] }), /a: its entry is not an object/],
  ['a name of 513 bytes', file({ ['n'.repeat(513)]: entry(0, 4) }, 4), /the name is longer than 512 bytes/],
  ['a name with a line break', file({ 'a\nb': entry(0, 4) }, 4), /a\\nb: the name has control characters/],
  [
    'a name with half a surrogate pair',
    file('{"\\ud800":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}', 4),
    /the name is not valid Unicode/,
  ],
  ['an empty name', file({ '': entry(0, 4) }, 4), /a tensor has an empty name/],
  ['metadata that is not text', file({ __metadata__: { a: 1 } }), /__metadata__\.a: is a number, expected a string/],
  ['metadata that is a list', file({ __metadata__: [] }), /__metadata__: is not an object/],
];

for (const [kind, bytes, sentence] of malformed) {
  test(`${kind} is refused with its own sentence`, async () => {
    await assert.rejects(readSafetensors(memory(bytes), { where: 'model.safetensors' }), (error) => {
      assert.ok(error instanceof RootstockError, String(error));
      assert.equal(error.code, 'CHECKPOINT_INVALID');
      assert.match(error.message, sentence);
      assert.match(error.message, /model\.safetensors/);
      return true;
    });
  });
}

test('all problems of a file are listed at once', async () => {
  const bytes = file({ a: entry(0, 4, { dtype: 'X' }), b: entry(4, 8, { shape: [-1] }), c: entry(8, 12) }, 12);
  await assert.rejects(readSafetensors(memory(bytes)), /a: has the unknown dtype "X"\n {2}b: shape holds the negative number -1/);
});

test('a file over the parameter budget is refused before anything is allocated', async () => {
  const count = 400_000_000;
  const header = file({ units: { dtype: 'F32', shape: [count], data_offsets: [0, count * 4] } });
  const source: BlobReader = {
    byteLength: header.byteLength + count * 4,
    read: async (offset, into) => {
      assert.ok(offset + into.byteLength <= header.byteLength, 'the data must not be read');
      into.set(header.subarray(offset, offset + into.byteLength));
    },
    close: async () => undefined,
  };
  const before = process.memoryUsage().arrayBuffers;
  await assert.rejects(readSafetensors(source, { budgetParameters: 1_000_000 }), (error) => {
    return error instanceof RootstockError && error.code === 'PARAMETER_BUDGET' && error.message.includes('400000000');
  });
  assert.ok(process.memoryUsage().arrayBuffers - before < 50_000_000);
});

test('a missing file, a directory and a FIFO are refused by path', async (context) => {
  const directory = await temporaryDirectory(context);
  const fifo = join(directory, 'fifo');
  execFileSync('mkfifo', [fifo]);
  const missing = join(directory, 'missing.safetensors');
  await assert.rejects(
    readSafetensors(missing),
    (error) => error instanceof RootstockError && error.code === 'FILE_NOT_FOUND' && error.message.includes(missing),
  );
  for (const [path, what] of [
    [directory, 'a directory'],
    [fifo, 'a FIFO'],
    ['/dev/zero', 'a device or socket'],
  ] as const) {
    await assert.rejects(
      readTree(path),
      (error) => error instanceof RootstockError && error.code === 'FILE_UNREADABLE' && error.message.includes(`is ${what}`),
    );
  }
});
