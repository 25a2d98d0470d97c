/** A tensor of a state_dict to be pickled; its values lie in the archive under `key`. */
export interface PickledTensor {
  readonly path: string;
  readonly shape: readonly number[];
  readonly storage: 'FloatStorage' | 'LongStorage';
  readonly key: string;
  readonly elements: number;
}

/**
 * Writes the pickle of a state_dict as torch.save does (torch 2.4, protocol 2): an OrderedDict of contiguous tensors on the CPU, with
 * `checkpoint` as {"state_dict": OrderedDict} around it. Only opcodes and names that torch.load(weights_only=True) allows; nothing is
 * memoised, so that the bytes are a plain function of the tensors.
 */
export function pickleStateDict(tensors: readonly PickledTensor[], { checkpoint }: { readonly checkpoint: boolean }): Buffer {
  const dict = [
    ORDERED_DICT,
    EMPTY_TUPLE,
    REDUCE,
    MARK,
    ...tensors.flatMap(({ path, ...tensor }) => [text(path), ...pickleTensor(tensor)]),
    SETITEMS,
  ];
  const root = checkpoint ? [EMPTY_DICT, text('state_dict'), ...dict, SETITEM] : dict;
  return Buffer.concat([PROTO_2, ...root, STOP]);
}

const PROTO_2 = Buffer.of(0x80, 2);
const EMPTY_DICT = Buffer.from('}');
const EMPTY_TUPLE = Buffer.from(')');
const MARK = Buffer.from('(');
const TUPLE = Buffer.from('t');
const REDUCE = Buffer.from('R');
const BINPERSID = Buffer.from('Q');
const NEWFALSE = Buffer.of(0x89);
const SETITEM = Buffer.from('s');
const SETITEMS = Buffer.from('u');
const STOP = Buffer.from('.');
const ORDERED_DICT = global('collections', 'OrderedDict');
const REBUILD_TENSOR = global('torch._utils', '_rebuild_tensor_v2');

/** _rebuild_tensor_v2(storage, offset 0, size, stride, requires_grad False, no hooks). */
function pickleTensor({ shape, storage, key, elements }: Omit<PickledTensor, 'path'>): readonly Buffer[] {
  const id = [MARK, text('storage'), global('torch', storage), text(key), text('cpu'), whole(elements), TUPLE, BINPERSID];
  const hooks = [ORDERED_DICT, EMPTY_TUPLE, REDUCE];
  return [REBUILD_TENSOR, MARK, ...id, whole(0), ...tuple(shape), ...tuple(contiguousStrides(shape)), NEWFALSE, ...hooks, TUPLE, REDUCE];
}

function contiguousStrides(shape: readonly number[]): readonly number[] {
  return shape.map((_, axis) => shape.slice(axis + 1).reduce((product, size) => product * Math.max(1, size), 1));
}

function tuple(numbers: readonly number[]): readonly Buffer[] {
  return [MARK, ...numbers.map(whole), TUPLE];
}

function global(module: string, name: string): Buffer {
  return Buffer.from(`c${module}\n${name}\n`, 'utf8');
}

/** BINUNICODE: the number of bytes, then UTF-8. */
function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'utf8');
  const head = Buffer.from('X\0\0\0\0', 'latin1');
  head.writeUInt32LE(bytes.byteLength, 1);
  return Buffer.concat([head, bytes]);
}

/** BININT1, BININT2, BININT, or LONG1 of 8 bytes, whichever is the first that fits. */
function whole(value: number): Buffer {
  if (value < 0x100) return Buffer.of(0x4b, value);
  const bytes = Buffer.alloc(value < 0x10000 ? 3 : value < 0x80000000 ? 5 : 10);
  if (value < 0x10000) {
    bytes[0] = 0x4d;
    bytes.writeUInt16LE(value, 1);
  } else if (value < 0x80000000) {
    bytes[0] = 0x4a;
    bytes.writeInt32LE(value, 1);
  } else {
    bytes[0] = 0x8a;
    bytes[1] = 8;
    bytes.writeBigInt64LE(BigInt(value), 2);
  }
  return bytes;
}
