import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import * as fc from 'fast-check';
import { inspectSafetensors, readSafetensors, readTree } from '../../../src/artifacts/safetensors/read.ts';
import { loadWeights, saveWeights } from '../../../src/artifacts/safetensors/weights-blob.ts';
import type { TensorData } from '../../../src/contracts/tensors.ts';
import { RootstockError } from '../../../src/errors.ts';
import { temporaryDirectory, temporaryStore } from '../../helpers/store-faults.ts';
import { f32, file, i64, memory, write } from '../../helpers/store-safetensors.ts';

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
      assert.deepEqual(new Map(back), weights);
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
  const bytes = file({ mask: { dtype: 'I8', shape: [2], data_offsets: [0, 2] }, w: { dtype: 'F32', shape: [1], data_offsets: [2, 6] } }, 6);
  for (const read of [readSafetensors, readTree]) {
    await assert.rejects(
      read(memory(bytes)),
      (error) => error instanceof RootstockError && error.code === 'CHECKPOINT_UNSUPPORTED' && error.message.includes('mask: is I8'),
    );
  }
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
