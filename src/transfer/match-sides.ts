import type { ModuleTree, TensorSpec } from '../contracts/tensors.ts';
import type { ModulePair } from './mapping.ts';
import { indexByModule, type TensorFacts } from './module-tree.ts';

/** A tensor of a pre-trained model: element types of memory, or of a safetensors file. */
export interface SourceTensor extends Omit<TensorFacts, 'dtype'> {
  readonly dtype: string;
}

/** The tensors of a pre-trained model; a ModuleTree will do. `source` names it in messages. */
export interface PreTrainedTree {
  readonly tensors: readonly SourceTensor[];
  readonly source?: string;
}

/** Both sides of a match, indexed, and who feeds whom. */
export interface MatchSides {
  readonly preTrained: { readonly tensors: readonly TensorFacts[]; readonly source?: string | undefined };
  readonly model: ModuleTree;
  readonly sources: ReadonlyMap<string, TensorFacts>;
  readonly targets: ReadonlyMap<string, TensorSpec>;
  /** Module name (the root is '') -> its tensors. */
  readonly sourceModules: ReadonlyMap<string, readonly TensorFacts[]>;
  readonly targetModules: ReadonlyMap<string, readonly TensorSpec[]>;
  readonly pairs: readonly ModulePair[];
  /** Path of the new model -> the pair with the most specific target above it. */
  readonly governing: ReadonlyMap<string, ModulePair>;
  /** Modules of the pre-trained model that some pair names. */
  readonly taken: ReadonlySet<string>;
}

/** Indexes two trees for a list of pairs. */
export function matchSides(preTrained: PreTrainedTree, model: ModuleTree, pairs: readonly ModulePair[]): MatchSides {
  const tensors = preTrained.tensors.map((tensor) => ({ ...tensor, dtype: memoryType(tensor.dtype) }));
  return {
    preTrained: { tensors, source: preTrained.source },
    model,
    sources: new Map(tensors.map((tensor) => [tensor.path, tensor])),
    targets: new Map(model.tensors.map((tensor) => [tensor.path, tensor])),
    sourceModules: indexByModule(tensors),
    targetModules: indexByModule(model.tensors),
    ...feeding(model, pairs),
  };
}

/** What an element type becomes when it is read: every float kind float32, every integer int64. */
export function memoryType(dtype: string): TensorFacts['dtype'] {
  return /^(u?int|[IU]\d|bool)/i.test(dtype) ? 'int64' : 'float32';
}

/** The same trees under other pairs. */
export function withPairs(sides: MatchSides, pairs: readonly ModulePair[]): MatchSides {
  return { ...sides, ...feeding(sides.model, pairs) };
}

function feeding(model: ModuleTree, pairs: readonly ModulePair[]): Pick<MatchSides, 'pairs' | 'governing' | 'taken'> {
  return { pairs, governing: governingPairs(model, pairs), taken: new Set(pairs.map(({ from }) => from)) };
}

function governingPairs(model: ModuleTree, pairs: readonly ModulePair[]): ReadonlyMap<string, ModulePair> {
  const byTarget = new Map([...pairs].reverse().map((pair) => [pair.to, pair]));
  const governing = new Map<string, ModulePair>();
  for (const { path } of model.tensors) {
    let end = path.lastIndexOf('.');
    while (end > 0 && !byTarget.has(path.slice(0, end))) end = path.lastIndexOf('.', end - 1);
    const pair = byTarget.get(end > 0 ? path.slice(0, end) : '');
    if (pair !== undefined) governing.set(path, pair);
  }
  return governing;
}
