import type { ModuleTree, TensorSpec } from '../contracts/tensors.ts';
import type { ModulePair } from './mapping.ts';
import { modulesOf, type TensorFacts } from './module-tree.ts';

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
  readonly sourceModules: ReadonlySet<string>;
  readonly targetModules: ReadonlySet<string>;
  readonly pairs: readonly ModulePair[];
  /** Path of the new model -> the pair with the most specific target above it. */
  readonly governing: ReadonlyMap<string, ModulePair>;
}

/** Indexes two trees for a list of pairs. */
export function matchSides(preTrained: PreTrainedTree, model: ModuleTree, pairs: readonly ModulePair[]): MatchSides {
  const tensors = preTrained.tensors.map((tensor) => ({ ...tensor, dtype: memoryType(tensor.dtype) }));
  return {
    preTrained: { tensors, source: preTrained.source },
    model,
    sources: new Map(tensors.map((tensor) => [tensor.path, tensor])),
    targets: new Map(model.tensors.map((tensor) => [tensor.path, tensor])),
    sourceModules: new Set(['', ...modulesOf(preTrained)]),
    targetModules: new Set(['', ...modulesOf(model)]),
    pairs,
    governing: governingPairs(model, pairs),
  };
}

/** What an element type becomes when it is read: every float kind float32, every integer int64. */
export function memoryType(dtype: string): TensorFacts['dtype'] {
  return /^(u?int|[IU]\d|bool)/i.test(dtype) ? 'int64' : 'float32';
}

/** The same trees under other pairs. */
export function withPairs(sides: MatchSides, pairs: readonly ModulePair[]): MatchSides {
  return { ...sides, pairs, governing: governingPairs(sides.model, pairs) };
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
