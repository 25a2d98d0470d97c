import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import * as fc from 'fast-check';
import { inspectTorch, readTorch, readTorchTree } from '../../../src/artifacts/torch/read.ts';
import { zipToChunks } from '../../../src/artifacts/torch/write-zip.ts';
import { RootstockError } from '../../../src/errors.ts';
import { temporaryDirectory } from '../../helpers/store-faults.ts';
import { memory } from '../../helpers/store-safetensors.ts';

const torchFile = (name: string) => join(import.meta.dirname, '../../fixtures/torch', name);

const refused: readonly (readonly [file: string, code: string, sentence: RegExp])[] = [
  ['refused_system.pt', 'CHECKPOINT_UNSUPPORTED', /data\.pkl, byte 220: asks for "posix\.system", which only runs code/],
  ['refused_eval.pt', 'CHECKPOINT_UNSUPPORTED', /data\.pkl, byte 173: asks for "__builtin__\.eval", which only runs code/],
  [
    'refused_class_in_state_dict.pt',
    'CHECKPOINT_UNSUPPORTED',
    /x: asks for __main__\.Settings \(data\.pkl, byte \d+\), which is not on the list/,
  ],
  ['refused_class_beside.pt', 'CHECKPOINT_UNSUPPORTED', /asks for __main__\.Settings \(data\.pkl, byte 198\)/],
  [
    'refused_module.pt',
    'CHECKPOINT_UNSUPPORTED',
    /asks for torch\.nn\.modules\.activation\.ReLU .*\nFix: .*torch\.save\(model\.state_dict\(\), path\)/,
  ],
  ['refused_training_script.pt', 'CHECKPOINT_UNSUPPORTED', /model: is a dict, .*save torch\.load\(path\)\["model"\] alone/],
  ['refused_legacy.pt', 'CHECKPOINT_UNSUPPORTED', /a bare pickle, the format of torch before 1\.6/],
  ['refused_torchscript.pt', 'CHECKPOINT_UNSUPPORTED', /a TorchScript program/],
  ['refused_sparse.pt', 'CHECKPOINT_UNSUPPORTED', /w: asks for torch\._utils\._rebuild_sparse_tensor/],
  ['refused_complex.pt', 'CHECKPOINT_UNSUPPORTED', /refers to "torch\.ComplexFloatStorage", which is not read/],
  ['refused_int16.pt', 'CHECKPOINT_UNSUPPORTED', /w: is I16, expected F32/],
  ['refused_int64.pt', 'CHECKPOINT_INVALID', /w: holds the integer 1099511627776, which does not fit in 32 bits/],
  ['refused_expanded.pt', 'CHECKPOINT_UNSUPPORTED', /take 1073741824 bytes in memory, more than 67108864 for a file of \d+/],
  ['refused_compressed.pt', 'CHECKPOINT_UNSUPPORTED', /w\/byteorder: is compressed/],
  ['refused_big_endian.pt', 'CHECKPOINT_UNSUPPORTED', /byteorder: is "big", expected "little"/],
];

for (const [file, code, sentence] of refused) {
  test(`${file} is refused with its own sentence`, async () => {
    await assert.rejects(readTorch(torchFile(file)), (error) => {
      assert.ok(error instanceof RootstockError, String(error));
      assert.equal(error.code, code);
      assert.match(error.message, sentence);
      assert.ok(error.message.includes(file));
      return true;
    });
  });
}

/** A torch archive around a pickle written by hand. */
function archive(pickle: Buffer | string, more: Readonly<Record<string, Uint8Array>> = {}): Buffer {
  const bytes = typeof pickle === 'string' ? Buffer.from(pickle, 'latin1') : pickle;
  const files = { 'a/data.pkl': bytes, ...more };
  const entries = Object.entries(files).map(([name, body]) => ({ name, byteLength: body.byteLength, chunks: () => [body] }));
  return Buffer.concat([...zipToChunks(entries)]);
}

const START = '\x80\x02';
const text = (value: string) => `X${String.fromCharCode(value.length)}\0\0\0${value}`;
const storage = (elements: number, type = 'FloatStorage', key = '0') =>
  `(${text('storage')}ctorch\n${type}\n${text(key)}${text('cpu')}K${String.fromCharCode(elements)}tQ`;
const tensor = ({ elements = 4, offset = 0, sizes = [4], strides = [1], key = '0' }) => {
  const numbers = (list: readonly number[]) => `(${list.map((n) => `M${String.fromCharCode(n % 256, n >> 8)}`).join('')}t`;
  const hooks = 'ccollections\nOrderedDict\n)R';
  return `ctorch._utils\n_rebuild_tensor_v2\n(${storage(elements, 'FloatStorage', key)}K${String.fromCharCode(offset)}${numbers(sizes)}${numbers(strides)}\x89${hooks}tR`;
};
const stateDict = (...pairs: readonly (readonly [string, string])[]) =>
  `${START}}(${pairs.map(([name, value]) => text(name) + value).join('')}u.`;
const data = { 'a/data/0': Buffer.from(Float32Array.of(1, 2, 3, 4).buffer) };

test('the files that these tests write by hand are good ones', async () => {
  const { weights } = await readTorch(memory(archive(stateDict(['w', tensor({})]), data)));
  assert.deepEqual(weights.get('w'), { shape: [4], dtype: 'float32', data: Float32Array.of(1, 2, 3, 4) });
});

const malformed: readonly (readonly [kind: string, bytes: Uint8Array, sentence: RegExp])[] = [
  ['an empty file', Buffer.alloc(0), /the file is truncated: it has 0 bytes/],
  ['text', Buffer.from('hello world'), /it does not begin like a zip archive/],
  ['an archive that is cut', archive(`${START}}.`).subarray(0, -1), /the end of a zip archive is missing/],
  ['an archive without data.pkl', archive('', {}).fill('x', 30, 40), /\*\/data\.pkl|is damaged|another name/],
  ['two pickles', archive(`${START}}.`, { 'b/data.pkl': Buffer.from('x') }), /the archive has 2 files \*\/data\.pkl, expected 1/],
  ['an empty pickle', archive(''), /data\.pkl, byte 0: ends in the middle of a value/],
  ['a pickle without a protocol', archive('}.'), /byte 0: does not begin with a protocol number/],
  ['a pickle of protocol 9', archive('\x80\x09}.'), /byte 1: has the protocol 9; 2 to 5 are read/],
  ['a pickle that ends early', archive(`${START}}`), /ends in the middle of a value/],
  ['bytes after the end', archive(`${START}}.x`), /goes on after its end/],
  ['an opcode of protocol 0', archive(`${START}I5\n.`), /byte 2: has the opcode INT, which torch\.save does not write/],
  ['an INST opcode', archive(`${START}(ios\nsystem\n.`), /byte 3: has the opcode INST/],
  ['an extension', archive(`${START}\x82\x01.`), /has the opcode EXT1/],
  ['an unknown opcode', archive(`${START}\xff.`), /byte 2: has the unknown opcode 0xff/],
  ['a value from nowhere', archive(`${START}0.`), /goes back to a mark that is not there/],
  ['a call without a function', archive(`${START}K\x01)R.`), /calls something that is not a class or function/],
  ['a memo that was never filled', archive(`${START}h\x07.`), /recalls value 7, which was never remembered/],
  ['two values left', archive(`${START}}}.`), /ends with 2 values on its stack/],
  ['a list as root', archive(`${START}].`), /it holds a list, expected a state_dict/],
  ['a key without a value', archive(`${START}}(${text('a')}u.`), /sets a key without a value/],
  ['a text beyond the end', archive(`${START}X\xff\xff\xff\xff.`), /ends in the middle of a value of 4294967295 bytes/],
  ['a text of 2^63 bytes', archive(`${START}\x8d\0\0\0\0\0\0\0\x80.`), /holds the length 9223372036854775808/],
  ['text that is not UTF-8', archive(`${START}X\x01\0\0\0\xff.`), /not valid UTF-8/],
  ['an integer of a gigabyte', archive(`${START}\x8b\0\0\0\x40.`), /holds an integer of 1073741824 bytes/],
  ['marks without end', archive(START + '('.repeat(1001)), /nests deeper than 1000/],
  ['dicts without end', archive(START + '}'.repeat(1_000_001)), /holds more than 1000000 lists, tuples and dicts/],
  ['values without end', archive(START + 'N'.repeat(4_000_001)), /holds more than 4000000 values/],
  [
    'a call with strange arguments',
    archive(`${START}ccollections\nOrderedDict\nK\x01\x85R.`),
    /calls collections\.OrderedDict with arguments/,
  ],
  [
    'a tensor without a storage',
    archive(stateDict(['w', `ctorch._utils\n_rebuild_tensor_v2\n(K\x00tR`]), data),
    /calls torch\._utils\._rebuild_tensor_v2 with/,
  ],
  ['a persistent id of another kind', archive(`${START}${text('x')}Q.`), /refers to a storage of an unknown kind/],
  ['a missing storage', archive(stateDict(['w', tensor({})])), /w: needs 16 bytes in data\/0, which is not there/],
  [
    'a storage of another size',
    archive(stateDict(['w', tensor({ elements: 3, sizes: [3] })]), data),
    /w: needs 12 bytes in data\/0, which has 16/,
  ],
  [
    'a shape beyond the storage',
    archive(stateDict(['w', tensor({ sizes: [5] })]), data),
    /w: shape \[5\] with strides \[1\] from 0 leaves its storage of 4 values/,
  ],
  ['strides beyond the storage', archive(stateDict(['w', tensor({ sizes: [2], strides: [4] })]), data), /leaves its storage/],
  ['an offset beyond the storage', archive(stateDict(['w', tensor({ offset: 1 })]), data), /from 1 leaves its storage/],
  [
    'sizes whose product overflows',
    archive(stateDict(['w', tensor({ sizes: [65535, 65535, 65535, 65535, 65535], strides: [0, 0, 0, 0, 0] })]), data),
    /w: shape .* has 1208833588708967444709375 values/,
  ],
  ['a name twice', archive(stateDict(['w', tensor({})], ['w', tensor({})]), data), /w: is there twice/],
  ['a name with a line break', archive(stateDict(['w\n', tensor({})]), data), /w\\n: the name has control characters/],
  ['a path as storage', archive(stateDict(['w', tensor({ key: '../../etc/passwd' })]), data), /which is not there/],
];

for (const [kind, bytes, sentence] of malformed) {
  test(`${kind} is refused with its own sentence`, async () => {
    await assert.rejects(readTorch(memory(bytes), { where: 'model.pt' }), (error) => {
      assert.ok(error instanceof RootstockError, String(error));
      assert.ok(['CHECKPOINT_INVALID', 'CHECKPOINT_UNSUPPORTED'].includes(error.code));
      assert.match(error.message, sentence);
      assert.match(error.message, /model\.pt/);
      return true;
    });
  });
}

test('a view may repeat its storage, but not without bound', async () => {
  const bytes = archive(stateDict(['w', tensor({ sizes: [3, 4], strides: [0, 1] })]), data);
  assert.deepEqual([...((await readTorch(memory(bytes))).weights.get('w')?.data ?? [])], [1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4]);
  const before = process.memoryUsage().arrayBuffers;
  const bomb = archive(stateDict(['w', tensor({ sizes: [65535, 65535], strides: [0, 0] })]), data);
  await assert.rejects(readTorch(memory(bomb)), { code: 'CHECKPOINT_UNSUPPORTED' });
  assert.ok(process.memoryUsage().arrayBuffers - before < 50_000_000);
});

test('values that contain themselves end the search for classes, too', async () => {
  const loop = `]q\x00h\x00a`; // a list that holds itself
  const bytes = archive(`${START}}(${text('state_dict')}}(${text('w')}${tensor({})}u${text('notes')}${loop}u.`, data);
  assert.equal((await readTorch(memory(bytes))).weights.size, 1);
});

test('classes of other programs in the parts of Lightning that hold no weights are passed over, never built', async () => {
  const settings = 'cmy.program\nSettings\n)\x81}(X\x01\0\0\0aK\x01ub';
  const bytes = archive(`${START}}(${text('state_dict')}}(${text('w')}${tensor({})}u${text('hyper_parameters')}${settings}u.`, data);
  assert.equal((await readTorch(memory(bytes))).weights.size, 1);
});

test('a changed byte of any kind gives the same weights or an error with a code, and never much memory', async () => {
  const originals = await Promise.all(
    ['lightning.ckpt', 'views.pt', 'protocol4.pt', 'refused_system.pt'].map((name) => readFile(torchFile(name))),
  );
  const directory = (bytes: Buffer) => bytes.indexOf('PK\x01\x02', 0, 'latin1');
  const mutated = fc
    .tuple(
      fc.constantFrom(...originals),
      fc.array(fc.tuple(fc.double({ min: 0, max: 0.999_999, noNaN: true }), fc.nat(255), fc.boolean()), { minLength: 1, maxLength: 4 }),
      fc.nat(8),
    )
    .map(([original, changes, cut]) => {
      const bytes = Buffer.from(original);
      const begin = directory(bytes);
      for (const [place, value, inDirectory] of changes) {
        const at = Math.floor(inDirectory ? begin + place * (bytes.byteLength - begin) : place * bytes.byteLength);
        bytes[at] = value;
      }
      return cut === 0 ? bytes.subarray(0, changes.length * 300) : bytes;
    });
  await fc.assert(
    fc.asyncProperty(mutated, async (bytes) => {
      const before = process.memoryUsage().arrayBuffers;
      await expectCode(() => readTorch(memory(bytes), { budgetParameters: 100_000 }));
      assert.ok(process.memoryUsage().arrayBuffers - before < 128 * 1024 * 1024);
    }),
    { numRuns: 3000, seed: 5 },
  );
});

test('a changed pickle with a right checksum gives weights or an error with a code', async () => {
  const bytes = await readFile(torchFile('lightning.ckpt'));
  const names = (await readFile(torchFile('protocol4.pt'))).subarray(0, 600);
  const at = bytes.indexOf('\x80\x02}', 0, 'latin1');
  const pickles = [
    bytes.subarray(at, bytes.indexOf('PK\x07\x08', at, 'latin1')),
    names.subarray(names.indexOf(0x80), names.indexOf('PK\x07\x08', 0, 'latin1')),
  ];
  const edits = fc.array(fc.tuple(fc.double({ min: 0, max: 0.999_999, noNaN: true }), fc.nat(255)), { minLength: 1, maxLength: 6 });
  const mutated = fc.tuple(fc.constantFrom(...pickles), edits).map(([pickle, changes]) => {
    const changed = Buffer.from(pickle);
    for (const [place, value] of changes) changed[Math.floor(place * changed.byteLength)] = value;
    return changed;
  });
  const anything = fc.uint8Array({ maxLength: 300 }).map((tail) => Buffer.concat([Buffer.from(START, 'latin1'), tail]));
  await fc.assert(
    fc.asyncProperty(fc.oneof(mutated, anything), async (pickle) => {
      await expectCode(() => readTorch(memory(archive(pickle, data)), { budgetParameters: 100_000 }));
    }),
    { numRuns: 4000, seed: 7 },
  );
});

test('a file that shrinks while it is read is refused', async (context) => {
  const path = join(await temporaryDirectory(context), 'cut.pt');
  await writeFile(path, (await readFile(torchFile('views.pt'))).subarray(0, 900));
  for (const read of [readTorch, readTorchTree, inspectTorch]) await assert.rejects(read(path), { code: 'CHECKPOINT_INVALID' });
  await assert.rejects(readTorch(join(path, 'nowhere.pt')), { code: 'FILE_NOT_FOUND' });
});

async function expectCode(read: () => Promise<unknown>): Promise<void> {
  try {
    await read();
  } catch (error) {
    assert.ok(error instanceof RootstockError, error instanceof Error ? error.stack : String(error));
    assert.ok(['CHECKPOINT_INVALID', 'CHECKPOINT_UNSUPPORTED', 'PARAMETER_BUDGET'].includes(error.code), error.code);
  }
}
