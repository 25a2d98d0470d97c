import type { FileDType } from '../safetensors/header.ts';
import type { PickleStorage, PickleTensor, PickleValue } from './pickle-values.ts';

/** Typed storages of torch by class name, and the element type that each holds. */
const STORAGES: ReadonlyMap<string, FileDType> = new Map([
  ['torch.DoubleStorage', 'F64'],
  ['torch.FloatStorage', 'F32'],
  ['torch.HalfStorage', 'F16'],
  ['torch.BFloat16Storage', 'BF16'],
  ['torch.LongStorage', 'I64'],
  ['torch.IntStorage', 'I32'],
  ['torch.ShortStorage', 'I16'],
  ['torch.CharStorage', 'I8'],
  ['torch.ByteStorage', 'U8'],
  ['torch.BoolStorage', 'BOOL'],
]);

type Call = (args: readonly PickleValue[]) => PickleValue | undefined;

/** What may be called: each gives inert data. */
const CALLS: ReadonlyMap<string, Call> = new Map<string, Call>([
  ['collections.OrderedDict', (args) => (args.length === 0 ? { kind: 'dict', keys: [], values: [] } : undefined)],
  ['torch._utils._rebuild_tensor_v2', rebuildTensor],
  ['torch._utils._rebuild_parameter', ([data]) => (isKind(data, 'tensor') ? data : undefined)],
  ['torch.Size', ([sizes]) => (isKind(sizes, 'tuple') || isKind(sizes, 'list') ? sizes : undefined)],
]);

/** Modules and functions that a pickle names only to run something. */
const RUNS_CODE =
  /^(?:os|posix|nt|posixpath|sys|subprocess|importlib|runpy|socket|shutil|ctypes|pty|commands|webbrowser|code|codeop|pdb|bdb|timeit|marshal|types|asyncio|multiprocessing|torch\.hub|torch\.jit|torch\.utils\.cpp_extension)\.|^(?:builtins|__builtin__)\.(?:eval|exec|execfile|compile|open|__import__|getattr|setattr|delattr|apply|globals|locals|vars|input|breakpoint|map|filter|reduce)$|^(?:pickle|cPickle|_pickle|dill(?:\._dill)?|cloudpickle(?:\.cloudpickle)?)\.(?:load|loads|_load|_loads)$/u;

/** Whether a global is on the allow-list. */
export function isAllowed(name: string): boolean {
  return CALLS.has(name) || STORAGES.has(name);
}

/** Whether a global only has a use for running code: such a file is refused whatever part of it would be read. */
export function runsCode(name: string): boolean {
  return RUNS_CODE.test(name);
}

/** Gives what an allowed call stands for; undefined when its arguments are not those that torch writes. */
export function callGlobal(name: string, args: readonly PickleValue[]): PickleValue | undefined {
  return CALLS.get(name)?.(args);
}

/** Reads a persistent id of torch.save: ("storage", class, key, device, elements). Undefined when it is not one. */
export function toStorage(id: PickleValue): PickleStorage | undefined {
  if (!isKind(id, 'tuple') || id.items.length !== 5) return undefined;
  const [word, type, key, , elements] = id.items;
  const dtype = isKind(type, 'global') ? STORAGES.get(type.name) : undefined;
  if (word !== 'storage' || dtype === undefined || typeof key !== 'string' || !isCount(elements)) return undefined;
  return { kind: 'storage', key, dtype, elements };
}

/** Arguments of torch 2.4's _rebuild_tensor_v2: storage, offset, size, stride, requires_grad, backward hooks (none), metadata. */
function rebuildTensor(args: readonly PickleValue[]): PickleTensor | undefined {
  const [storage, offset, size, stride, , hooks] = args;
  if (args.length < 6 || args.length > 7 || !isKind(storage, 'storage') || !isCount(offset)) return undefined;
  const shape = toCounts(size);
  const strides = toCounts(stride);
  const hookless = isKind(hooks, 'dict') && hooks.keys.length === 0;
  if (shape === undefined || strides === undefined || shape.length !== strides.length || !hookless) return undefined;
  return { kind: 'tensor', storage, offset, shape, strides };
}

function toCounts(value: PickleValue | undefined): readonly number[] | undefined {
  return isKind(value, 'tuple') && value.items.every(isCount) ? value.items : undefined;
}

function isCount(value: PickleValue | undefined): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

type Kinded = Extract<PickleValue, { readonly kind: string }>;

/** Whether a value is of a kind. */
export function isKind<K extends Kinded['kind']>(value: PickleValue | undefined, kind: K): value is Extract<Kinded, { readonly kind: K }> {
  return typeof value === 'object' && value !== null && value.kind === kind;
}
