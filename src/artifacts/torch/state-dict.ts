import type { Problem } from '../../errors.ts';
import { type FileDType, findNameProblem } from '../safetensors/header.ts';
import {
  describeValue,
  type PickleDict,
  type PickleForeign,
  type PickleStorage,
  type PickleTensor,
  type PickleValue,
} from './pickle-values.ts';
import { invalidTorch, show, unsupportedTorch } from './problems.ts';
import { isKind } from './torch-globals.ts';

/** A checked tensor of a state_dict: a view of a storage. Offset and strides count elements. */
export interface TorchTensor {
  readonly path: string;
  readonly shape: readonly number[];
  readonly dtype: FileDType;
  readonly elements: number;
  readonly storage: PickleStorage;
  readonly offset: number;
  readonly strides: readonly number[];
  /** Elements of the storage from the first to the last one in use. */
  readonly span: number;
}

/** Parts of a Lightning checkpoint that no tensor of the model lies in: classes of other programs may stand there, and are not built. */
const SKIPPED_KEYS: ReadonlySet<PickleValue> = new Set([
  'callbacks',
  'datamodule_hparams_name',
  'datamodule_hyper_parameters',
  'epoch',
  'global_step',
  'hparams_name',
  'hparams_type',
  'hyper_parameters',
  'loops',
  'lr_schedulers',
  'optimizer_states',
  'pytorch-lightning_version',
]);

const MAX_RANK = 32;
const MAX_TENSORS = 100_000;

/**
 * Finds the tensors in what a torch file holds: a state_dict, or a checkpoint with a state_dict under that key (Lightning, molflux).
 *
 * Errors, each with all problems: CHECKPOINT_UNSUPPORTED for a class outside the allow-list (its name and the byte of data.pkl) and for values
 * that are no tensors; CHECKPOINT_INVALID for tensors that leave their storage.
 */
export function findStateDict(root: PickleValue, where: string): readonly TorchTensor[] {
  if (!isKind(root, 'dict')) throw unsupportedTorch(where, [isKind(root, 'foreign') ? foreignProblem(root) : notDict(root)]);
  const at = root.keys.indexOf('state_dict');
  const inner = at === -1 ? undefined : root.values[at];
  if (!isKind(inner, 'dict')) return readStateDict(root, where);
  const foreign = root.keys.flatMap((key, index) =>
    index === at || SKIPPED_KEYS.has(key) ? [] : findForeign(root.values[index] as PickleValue),
  );
  if (foreign.length > 0)
    throw unsupportedTorch(
      where,
      foreign.map((value) => foreignProblem(value)),
    );
  return readStateDict(inner, where);
}

function readStateDict(dict: PickleDict, where: string): readonly TorchTensor[] {
  const unsupported: Problem[] = [];
  const invalid: Problem[] = [];
  const tensors = new Map<string, TorchTensor>();
  if (dict.keys.length > MAX_TENSORS) {
    throw invalidTorch(where, [{ where: '', text: `it holds ${dict.keys.length} tensors; at most ${MAX_TENSORS} are read` }]);
  }
  dict.keys.forEach((key, index) => {
    const value = dict.values[index] as PickleValue;
    const place = typeof key === 'string' ? show(key) : '';
    const nameProblem = typeof key === 'string' ? findNameProblem(key) : `a key is ${describeValue(key)}, expected a text`;
    if (isKind(value, 'foreign')) unsupported.push(foreignProblem(value, place));
    else if (!isKind(value, 'tensor'))
      unsupported.push({ where: place, text: `is ${describeValue(value)}, expected a tensor${hint(value, place)}` });
    else if (typeof key !== 'string' || nameProblem !== undefined) invalid.push({ where: place, text: nameProblem ?? '' });
    else if (tensors.has(key)) invalid.push({ where: place, text: 'is there twice' });
    else {
      const tensor = checkTensor(key, value);
      if (typeof tensor === 'string') invalid.push({ where: place, text: tensor });
      else tensors.set(key, tensor);
    }
  });
  if (unsupported.length > 0) throw unsupportedTorch(where, unsupported);
  if (invalid.length > 0) throw invalidTorch(where, invalid);
  return [...tensors.values()];
}

function checkTensor(path: string, { storage, offset, shape, strides }: PickleTensor): TorchTensor | string {
  if (shape.length > MAX_RANK) return `has ${shape.length} dimensions; at most ${MAX_RANK} are read`;
  const elements = shape.reduce((product, size) => product * BigInt(size), 1n);
  const last = shape.reduce((sum, size, axis) => sum + BigInt(size - 1) * BigInt(strides[axis] ?? 0), 0n);
  const span = elements === 0n ? 0n : last + 1n;
  if (BigInt(offset) + span > BigInt(storage.elements)) {
    return `shape [${shape.join(', ')}] with strides [${strides.join(', ')}] from ${offset} leaves its storage of ${storage.elements} values`;
  }
  if (elements > BigInt(Number.MAX_SAFE_INTEGER)) return `shape [${shape.join(', ')}] has ${elements} values`;
  return { path, shape, dtype: storage.dtype, elements: Number(elements), storage, offset, strides, span: Number(span) };
}

/** All values of other programs inside a value. Values can be shared and even contain themselves. */
function findForeign(root: PickleValue): readonly PickleForeign[] {
  const found: PickleForeign[] = [];
  const seen = new Set<PickleValue>([root]);
  const open: PickleValue[] = [root];
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    if (isKind(value, 'foreign')) found.push(value);
    const parts = isKind(value, 'dict') ? [value.keys, value.values] : isSequence(value) ? [value.items] : [];
    for (const list of parts) {
      for (const part of list) {
        if (typeof part !== 'object' || part === null || seen.has(part)) continue;
        seen.add(part);
        open.push(part);
      }
    }
  }
  return found;
}

function isSequence(value: PickleValue): value is Extract<PickleValue, { readonly items: PickleValue[] }> {
  return isKind(value, 'list') || isKind(value, 'tuple') || isKind(value, 'set');
}

function foreignProblem({ name, at }: PickleForeign, place = ''): Problem {
  return { where: place, text: `asks for ${show(name)} (data.pkl, byte ${at}), which is not on the list of names that are read` };
}

function notDict(root: PickleValue): Problem {
  return { where: '', text: `it holds ${describeValue(root)}, expected a state_dict` };
}

/** Many training scripts save {"model": state_dict, "epoch": 3, ...}. */
function hint(value: PickleValue, place: string): string {
  const holdsTensors = isKind(value, 'dict') && value.values.some((part) => isKind(part, 'tensor'));
  return holdsTensors ? ` (it holds tensors: save torch.load(path)["${place}"] alone)` : '';
}
