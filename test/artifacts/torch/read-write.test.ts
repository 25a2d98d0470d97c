import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { inspectSafetensors, readSafetensors } from '../../../src/artifacts/safetensors/read.ts';
import { inspectTorch, readTorch, readTorchTree } from '../../../src/artifacts/torch/read.ts';
import { torchToChunks } from '../../../src/artifacts/torch/write.ts';
import { RootstockError } from '../../../src/errors.ts';
import { f32, i64, memory } from '../../helpers/store-safetensors.ts';

const fixtures = join(import.meta.dirname, '../../fixtures');
const torchFile = (name: string) => join(fixtures, 'torch', name);

for (const name of ['dtypes.pt', 'views.pt', 'parameters.pt', 'protocol4.pt', 'protocol5.pt', 'module.pt', 'lightning.ckpt']) {
  test(`${name} has the tensors that torch put into it`, async () => {
    const expected = await readSafetensors(torchFile(name.replace(/\.\w+$/u, '.safetensors')));
    const { weights } = await readTorch(torchFile(name));
    assert.deepEqual(weights, expected.weights);
    assert.deepEqual([...weights.keys()], [...expected.weights.keys()]);
  });
}

for (const [checkpoint, tensors] of [
  ['a_saved_egnn/model/model_artefacts/module_checkpoint.ckpt', 'a_saved_egnn/state_dict.safetensors'],
  ['c_egnn/pre_trained_model/model_artefacts/module_checkpoint.ckpt', 'c_egnn/pre_trained.safetensors'],
  ['c_mlp/pre_trained_model/model_artefacts/module_checkpoint.ckpt', 'c_mlp/pre_trained.safetensors'],
] as const) {
  test(`the checkpoint that physicsml saved holds its weights: ${checkpoint}`, async () => {
    const golden = join(fixtures, 'golden');
    const { weights, conversions } = await readTorch(join(golden, checkpoint));
    assert.deepEqual(weights, (await readSafetensors(join(golden, tensors))).weights);
    assert.deepEqual(conversions, []);
  });
}

test('every change of an element type is reported, and the tree has the types of the file', async () => {
  const { conversions } = await readTorch(torchFile('dtypes.pt'));
  assert.deepEqual([...conversions].sort(), [
    'bfloat16: BF16 -> float32',
    'bool: BOOL -> int64',
    'float16: F16 -> float32',
    'float64: F64 -> float32',
    'int32: I32 -> int64',
    'uint8: U8 -> int64',
  ]);
  const tree = await readTorchTree(torchFile('dtypes.pt'));
  assert.deepEqual(
    tree.map(({ path, shape, dtype }) => `${path} ${dtype} [${shape.join(', ')}]`),
    [
      'bfloat16 BF16 [2, 3]',
      'bool BOOL [3]',
      'empty F32 [0, 3]',
      'float16 F16 [2, 3]',
      'float32 F32 [2, 3]',
      'float64 F64 [2, 3]',
      'int32 I32 [2, 3]',
      'int64 I64 [2, 3]',
      'negative I64 [3]',
      'uint8 U8 [2, 3]',
      'zero_d F32 []',
      'zero_d_int I64 []',
    ],
  );
});

test('reading the tree of a file leaves its tensors unread', async () => {
  const bytes = await readFile(torchFile('module.pt'));
  const data = bytes.indexOf('data/0FB');
  assert.ok(data > 0);
  bytes.fill(0xff, data + 100, data + 104); // inside the values of the first tensor
  await readTorchTree(memory(bytes));
  await assert.rejects(readTorch(memory(bytes)), { code: 'CHECKPOINT_INVALID', message: /module\/data\/0: does not match its checksum/u });
});

test('each byte of a tensor is read once when tensors do not share', async () => {
  const values = Array.from({ length: 100_000 }, (_, index) => index);
  const bytes = Buffer.concat([...torchToChunks(new Map([['w', f32([100_000], values)]]), { root: 'archive', checkpoint: true })]);
  const source = memory(bytes);
  let read = 0;
  await readTorch({
    ...source,
    read: async (offset, into) => {
      read += into.byteLength;
      await source.read(offset, into);
    },
  });
  // Beside the values only the end of the file is read (64 KiB, for the directory), and a few headers.
  assert.ok(read < bytes.byteLength + 67_000, `${read} bytes of ${bytes.byteLength}`);
});

test('inspecting gives the digests of the values in row-major order, whatever their strides', async () => {
  const { weights } = await readTorch(torchFile('views.pt'));
  for (const { name, sha256, dtype } of await inspectTorch(torchFile('views.pt'))) {
    const data = weights.get(name)?.data;
    assert.ok(data !== undefined);
    if (dtype === 'F32') assert.equal(sha256, createHash('sha256').update(Buffer.from(data.buffer)).digest('hex'), name);
  }
  const named = (list: readonly { name: string; shape: readonly number[]; sha256: string }[]) =>
    list.map(({ name, shape, sha256 }) => [name, shape, sha256]);
  const golden = join(fixtures, 'golden');
  assert.deepEqual(
    named(await inspectTorch(join(golden, 'c_mlp/pre_trained_model/model_artefacts/module_checkpoint.ckpt'))),
    named(await inspectSafetensors(join(golden, 'c_mlp/pre_trained.safetensors'))),
  );
});

test('what is written is read again, in one canonical form', async () => {
  const weights = new Map([
    [
      'layer.weight',
      f32(
        [2, 300],
        Array.from({ length: 600 }, (_, index) => index / 7),
      ),
    ],
    ['empty', f32([0, 3], [])],
    ['grüße', f32([], [2.5])],
    ['steps', i64([2], [-5, 2 ** 31 - 1])],
    [
      'large',
      f32(
        [70_000],
        Array.from({ length: 70_000 }, () => 1),
      ),
    ],
  ]);
  for (const checkpoint of [true, false]) {
    const write = (input: typeof weights) => Buffer.concat([...torchToChunks(input, { root: 'archive', checkpoint })]);
    const bytes = write(weights);
    const read = await readTorch(memory(bytes));
    assert.deepEqual(new Map(read.weights), new Map(weights));
    assert.deepEqual(write(new Map([...weights].reverse())), bytes, 'the order of the map does not matter');
  }
});

test('values begin at multiples of 64 bytes, so that torch can map the file', () => {
  const chunks = [
    ...torchToChunks(
      new Map([
        ['w', f32([3], [1, 2, 3])],
        ['x', f32([2], [4, 5])],
      ]),
      { root: 'archive', checkpoint: false },
    ),
  ];
  const bytes = Buffer.concat(chunks);
  for (const values of [
    [1, 2, 3],
    [4, 5],
  ]) {
    const at = bytes.indexOf(Buffer.from(Float32Array.from(values).buffer));
    assert.ok(at > 0);
    assert.equal(at % 64, 0);
  }
});

test('a budget of parameters is checked before any tensor is read', async () => {
  await assert.rejects(
    readTorch(torchFile('module.pt'), { budgetParameters: 3 }),
    (error) => error instanceof RootstockError && error.code === 'PARAMETER_BUDGET',
  );
});
