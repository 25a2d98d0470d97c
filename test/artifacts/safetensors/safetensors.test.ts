import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import fc from 'fast-check';
import { inspectSafetensors, readSafetensors, readTree } from '../../../src/artifacts/safetensors/read.ts';
import { loadWeights, saveWeights } from '../../../src/artifacts/safetensors/weights-blob.ts';
import { weightsToChunks } from '../../../src/artifacts/safetensors/write.ts';
import type { BlobReader } from '../../../src/artifacts/store.ts';
import type { TensorData, Weights } from '../../../src/contracts/tensors.ts';
import { RootstockError } from '../../../src/errors.ts';
import { temporaryDirectory, temporaryStore } from '../../helpers/store-faults.ts';

function memory(bytes: Uint8Array): BlobReader {
  return {
    byteLength: bytes.byteLength,
    read: async (offset, into) => {
      assert.ok(offset >= 0 && offset + into.byteLength <= bytes.byteLength, 'read outside of the file');
      into.set(bytes.subarray(offset, offset + into.byteLength));
    },
    close: async () => undefined,
  };
}

function file(header: string | object, data: Uint8Array | number = 0): Buffer {
  const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.byteLength));
  return Buffer.concat([length, json, typeof data === 'number' ? Buffer.alloc(data) : data]);
}

const f32 = (shape: number[], values: number[]): TensorData => ({ shape, dtype: 'float32', data: Float32Array.from(values) });
const i64 = (shape: number[], values: number[]): TensorData => ({ shape, dtype: 'int64', data: Int32Array.from(values) });
const write = (weights: Weights) => Buffer.concat([...weightsToChunks(weights)]);
const entry = (begin: number, end: number, more: object = {}) => ({
  dtype: 'F32',
  shape: [(end - begin) / 4],
  data_offsets: [begin, end],
  ...more,
});

test('the canonical form is the documented one, byte by byte', () => {
  const weights = new Map([
    ['b.weight', f32([1, 2], [1, -2])],
    ['a.steps', i64([], [-3])],
  ]);
  const header =
    '{"__metadata__":{"format":"pt"},"a.steps":{"dtype":"I64","shape":[],"data_offsets":[0,8]},"b.weight":{"dtype":"F32","shape":[1,2],"data_offsets":[8,16]}}';
  const padded = header + ' '.repeat((8 - (header.length % 8)) % 8);
  const data = Buffer.alloc(16);
  data.writeBigInt64LE(-3n, 0);
  data.writeFloatLE(1, 8);
  data.writeFloatLE(-2, 12);
  assert.deepEqual(write(weights), file(padded, data));
  assert.equal(padded.length % 8, 0);
});

test('names are written in the order of code points, whatever order they come in', () => {
  const names = ['b', 'a', '\u{1f600}', '\uff5e', 'Z', 'é'];
  const forward = write(new Map(names.map((name) => [name, f32([], [1])])));
  const backward = write(new Map(names.toReversed().map((name) => [name, f32([], [1])])));
  assert.deepEqual(forward, backward);
  const header = JSON.parse(forward.subarray(8, 8 + Number(forward.readBigUInt64LE(0))).toString()) as object;
  // Python: sorted(["b", "a", "\U0001f600", "\uff5e", "Z", "é"])
  assert.deepEqual(Object.keys(header), ['__metadata__', 'Z', 'a', 'b', 'é', '\uff5e', '\u{1f600}']);
});

test('no weights at all make a valid file', async () => {
  assert.equal((await readSafetensors(memory(write(new Map())))).weights.size, 0);
});

test('weights of any names, shapes and values come back exactly', async () => {
  const shape = fc.array(fc.nat(4), { maxLength: 3 });
  const tensor = shape.chain((dims) => {
    const size = dims.reduce((product, dim) => product * dim, 1);
    const floats = fc
      .float32Array({ minLength: size, maxLength: size })
      .map((data): TensorData => ({ shape: dims, dtype: 'float32', data }));
    const integers = fc.int32Array({ minLength: size, maxLength: size }).map((data): TensorData => ({ shape: dims, dtype: 'int64', data }));
    return fc.oneof(floats, integers);
  });
  const name = fc
    .string({ minLength: 1, maxLength: 30, unit: 'grapheme' })
    .filter((text) => text !== '__metadata__' && !/\p{Cc}|\p{Cs}/u.test(text));
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(name, tensor), { maxLength: 6 }), async (pairs) => {
      const weights = new Map(pairs);
      const bytes = write(weights);
      const { weights: back, metadata, conversions } = await readSafetensors(memory(bytes));
      assert.deepEqual({ ...metadata }, { format: 'pt' });
      assert.deepEqual(conversions, []);
      assert.deepEqual(new Map([...back].sort()), new Map([...weights].sort()));
      assert.deepEqual(write(back), bytes);
    }),
    { numRuns: 150 },
  );
});

test('infinities, NaN payloads, subnormals and the sign of zero keep their bits', async () => {
  const bits = Uint32Array.of(0x7f800000, 0xff800000, 0x7fc00001, 0x00000001, 0x80000000);
  const data = new Float32Array(bits.buffer);
  const { weights } = await readSafetensors(memory(write(new Map([['x', { shape: [5], dtype: 'float32', data }]]))));
  assert.deepEqual(new Uint32Array(weights.get('x')?.data.buffer ?? new ArrayBuffer(0)), bits);
});

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

test('a name from Object.prototype is a name like any other', async () => {
  const weights = new Map([
    ['__proto__', f32([], [1])],
    ['constructor', f32([], [2])],
  ]);
  const { weights: back, metadata } = await readSafetensors(memory(write(weights)));
  assert.deepEqual([...back.keys()], ['__proto__', 'constructor']);
  assert.equal(Object.getPrototypeOf(metadata), null);
});

test('half precision and bfloat16 become exactly the float32 they stand for', async () => {
  const halves = Uint16Array.of(0x3c00, 0xc000, 0x3555, 0x0001, 0x03ff, 0x0400, 0x7bff, 0x7c00, 0xfc00, 0x8000);
  const brain = Uint16Array.of(0x3f80, 0xc049, 0x0001, 0x7f80);
  const data = Buffer.concat([Buffer.from(halves.buffer), Buffer.from(brain.buffer)]);
  const bytes = file(
    { h: { dtype: 'F16', shape: [10], data_offsets: [0, 20] }, b: { dtype: 'BF16', shape: [4], data_offsets: [20, 28] } },
    data,
  );
  const { weights, conversions } = await readSafetensors(memory(bytes));
  // IEEE 754 binary16: (-1)^s 2^(e-15) (1 + f/1024), subnormals f 2^-24; all are exact in binary32.
  const expected = [1, -2, 0x555 / 4096, 2 ** -24, 1023 * 2 ** -24, 2 ** -14, 65504, Infinity, -Infinity, -0];
  assert.deepEqual([...(weights.get('h')?.data ?? [])], expected);
  assert.deepEqual([...(weights.get('b')?.data ?? [])], [1, -3.140625, 2 ** -133, Infinity]);
  assert.deepEqual([...conversions].sort(), ['b: BF16 -> float32', 'h: F16 -> float32']);
});

test('every half precision number agrees with its arithmetic definition', async () => {
  const all = Uint16Array.from({ length: 65536 }, (_, bits) => bits);
  const bytes = file({ h: { dtype: 'F16', shape: [65536], data_offsets: [0, 131072] } }, Buffer.from(all.buffer));
  const data = (await readSafetensors(memory(bytes))).weights.get('h')?.data ?? [];
  for (let bits = 0; bits < 65536; bits += 1) {
    const [sign, exponent, fraction] = [bits >> 15 ? -1 : 1, (bits >> 10) & 31, bits & 1023];
    const value =
      exponent === 0 ? fraction * 2 ** -24 : exponent === 31 ? (fraction ? NaN : Infinity) : (1 + fraction / 1024) * 2 ** (exponent - 15);
    assert.ok(Object.is(data[bits], sign * value), `${bits}: ${data[bits]} instead of ${sign * value}`);
  }
});

test('float64 becomes the nearest float32, and what is too large is counted in the report', async () => {
  const doubles = Float64Array.of(0.1, 1e300, -1e300, Infinity);
  const bytes = file({ d: { dtype: 'F64', shape: [4], data_offsets: [0, 32] } }, Buffer.from(doubles.buffer));
  const { weights, conversions } = await readSafetensors(memory(bytes));
  assert.deepEqual([...(weights.get('d')?.data ?? [])], [Math.fround(0.1), Infinity, -Infinity, Infinity]);
  assert.deepEqual(conversions, ['d: F64 -> float32 (2 values are too large and became infinity)']);
});

test('integers are kept as int64 with 32 bits, and larger ones are refused', async () => {
  const make = (value: bigint) =>
    file({ n: { dtype: 'I64', shape: [1], data_offsets: [0, 8] } }, Buffer.from(BigInt64Array.of(value).buffer));
  for (const value of [0n, -1n, 2n ** 31n - 1n, -(2n ** 31n)]) {
    const { weights } = await readSafetensors(memory(make(value)));
    assert.deepEqual(weights.get('n'), i64([1], [Number(value)]));
  }
  for (const value of [2n ** 31n, -(2n ** 31n) - 1n, 2n ** 40n]) {
    await assert.rejects(readSafetensors(memory(make(value))), new RegExp(`n: holds the integer ${value}, which does not fit in 32 bits`));
  }
  const narrow = file({ n: { dtype: 'I32', shape: [2], data_offsets: [0, 8] } }, Buffer.from(Int32Array.of(5, -6).buffer));
  const { weights, conversions } = await readSafetensors(memory(narrow));
  assert.deepEqual(weights.get('n'), i64([2], [5, -6]));
  assert.deepEqual(conversions, ['n: I32 -> int64']);
});

test('tensors larger than the conversion buffer are converted piece by piece', async () => {
  const count = 1_500_000;
  const doubles = Float64Array.from({ length: count }, (_, index) => index);
  const bytes = file({ d: { dtype: 'F64', shape: [count], data_offsets: [0, count * 8] } }, Buffer.from(doubles.buffer));
  const data = (await readSafetensors(memory(bytes))).weights.get('d')?.data ?? [];
  assert.equal(
    data.findIndex((value, index) => value !== index),
    -1,
  );
  const large = new Map([
    ['n', { shape: [count], dtype: 'int64', data: Int32Array.from({ length: count }, (_, index) => -index) } as const],
  ]);
  assert.deepEqual((await readSafetensors(memory(write(large)))).weights.get('n'), large.get('n'));
});

test('an element type that weights cannot have is refused with every tensor of it', async () => {
  const bytes = file(
    { mask: { dtype: 'BOOL', shape: [2], data_offsets: [0, 2] }, w: { dtype: 'F32', shape: [1], data_offsets: [2, 6] } },
    6,
  );
  for (const read of [readSafetensors, readTree]) {
    await assert.rejects(
      read(memory(bytes)),
      (error) => error instanceof RootstockError && error.code === 'CHECKPOINT_UNSUPPORTED' && error.message.includes('mask: is BOOL'),
    );
  }
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

test('weights that contradict themselves are not written', () => {
  for (const [name, tensor] of [
    ['a', f32([3], [1, 2])],
    ['a\n', f32([], [1])],
    ['', f32([], [1])],
    ['__metadata__', f32([], [1])],
    ['a', { shape: [1], dtype: 'int64', data: Float32Array.of(1) }],
  ] as const) {
    assert.throws(
      () => write(new Map([[name, tensor]])),
      (error) => error instanceof RootstockError && error.code === 'INTERNAL',
    );
  }
});

test('stored weights have the SHA-256 of their file as digest and come back from the store', async (context) => {
  const store = await temporaryStore(context);
  const weights = new Map([['w', f32([3], [1, 2, 3])]]);
  const ref = await saveWeights(store, weights);
  assert.equal(ref.digest, createHash('sha256').update(write(weights)).digest('hex'));
  assert.deepEqual(await loadWeights(store, ref), weights);
});

test('a file of the user is read by path, also through a symbolic link, and inspected tensor by tensor', async (context) => {
  const directory = await temporaryDirectory(context);
  const [path, link] = [join(directory, 'model.safetensors'), join(directory, 'link.safetensors')];
  const data = f32([2], [1, 2]);
  await writeFile(
    path,
    write(
      new Map([
        ['w', data],
        ['b', i64([1], [3])],
      ]),
    ),
  );
  await symlink(path, link);
  assert.deepEqual((await readSafetensors(link)).weights.get('w'), data);
  assert.deepEqual(await readTree(path), [
    { path: 'b', shape: [1], dtype: 'I64' },
    { path: 'w', shape: [2], dtype: 'F32' },
  ]);
  const sha256 = createHash('sha256').update(Buffer.from(data.data.buffer)).digest('hex');
  assert.deepEqual((await inspectSafetensors(path)).at(-1), { name: 'w', shape: [2], dtype: 'F32', sha256, byteLength: 8 });
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

test('planning on a file of 4 GiB reads its header only', async (context) => {
  const path = join(await temporaryDirectory(context), 'large.safetensors');
  const count = 2 ** 30;
  const header = file({ w: { dtype: 'F32', shape: [count], data_offsets: [0, count * 4] } });
  await writeFile(path, header);
  await truncate(path, header.byteLength + count * 4);
  const before = process.memoryUsage().arrayBuffers;
  assert.deepEqual(await readTree(path), [{ path: 'w', shape: [count], dtype: 'F32' }]);
  assert.ok(process.memoryUsage().arrayBuffers - before < 10_000_000);
});
