import type { ModuleTree, TensorSpec } from '../contracts/tensors.ts';

/** What the algorithms here need to know of a tensor. */
export interface TensorFacts {
  /** Dotted path. */
  readonly path: string;
  readonly shape: readonly number[];
  readonly dtype: TensorSpec['dtype'];
  /** Absent in a weights file, which does not tell parameters from buffers. */
  readonly kind?: TensorSpec['kind'];
}

/** Names every module of a tree: all dotted prefixes of its paths, parents before children, in order of first appearance. The root is not listed. */
export function modulesOf(tree: { readonly tensors: readonly { readonly path: string }[] }): readonly string[] {
  const names = new Set<string>();
  for (const { path } of tree.tensors) {
    for (let dot = path.indexOf('.'); dot !== -1; dot = path.indexOf('.', dot + 1)) names.add(path.slice(0, dot));
  }
  return [...names];
}

/** Whether a path lies in a module or is that module itself. The empty name is the root, as in torch. */
export function isUnder(path: string, moduleName: string): boolean {
  return moduleName === '' || path === moduleName || path.startsWith(`${moduleName}.`);
}

/** Whether a path lies in one of many modules, or is one of them: as many look-ups as it has segments. */
export function isUnderAny(path: string, moduleNames: ReadonlySet<string>): boolean {
  if (moduleNames.has('') || moduleNames.has(path)) return true;
  for (let dot = path.indexOf('.'); dot !== -1; dot = path.indexOf('.', dot + 1)) {
    if (moduleNames.has(path.slice(0, dot))) return true;
  }
  return false;
}

/** The tensors of a module and all its children, parameters and buffers, in declaration order. */
export function tensorsUnder<T extends { readonly path: string }>(
  tree: { readonly tensors: readonly T[] },
  moduleName: string,
): readonly T[] {
  return tree.tensors.filter(({ path }) => isUnder(path, moduleName));
}

/** The tensors under every module of a tree at once, the root ('') included, each list in declaration order. */
export function indexByModule<T extends { readonly path: string }>(tensors: readonly T[]): ReadonlyMap<string, readonly T[]> {
  const index = new Map<string, T[]>([['', []]]);
  const add = (name: string, tensor: T): void => {
    const known = index.get(name);
    if (known === undefined) index.set(name, [tensor]);
    else known.push(tensor);
  };
  for (const tensor of tensors) {
    add('', tensor);
    for (let dot = tensor.path.indexOf('.'); dot !== -1; dot = tensor.path.indexOf('.', dot + 1)) add(tensor.path.slice(0, dot), tensor);
  }
  return index;
}

/** How many scalars a shape holds; a scalar's shape is []. */
export function scalarCount(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}

/** Scalars of all parameters of a list of tensors. Without a kind, float tensors count as parameters and integer ones as buffers. */
export function parameterCount(tensors: readonly TensorFacts[]): number {
  return tensors
    .filter(({ kind, dtype }) => (kind === undefined ? dtype === 'float32' : kind === 'parameter'))
    .reduce((sum, { shape }) => sum + scalarCount(shape), 0);
}

/** Bytes of a list of tensors in a weights file, buffers included: 4 per float32, 8 per int64. */
export function byteCount(tensors: readonly TensorFacts[]): number {
  return tensors.reduce((sum, { shape, dtype }) => sum + scalarCount(shape) * (dtype === 'int64' ? 8 : 4), 0);
}

/**
 * Covers a set of tensors by as few names as possible: the topmost modules whose tensors are all in the set, and the paths of
 * tensors that no such module holds. In declaration order. The tree's root is never given; with `root`, of which `tree` then
 * has all tensors, neither is anything above that module.
 */
export function coverByModules(
  tree: Pick<ModuleTree, 'tensors'> | { readonly tensors: readonly TensorFacts[] },
  paths: ReadonlySet<string>,
  root = '',
): readonly string[] {
  const broken = new Set<string>();
  for (const { path } of tree.tensors) {
    if (paths.has(path)) continue;
    for (let dot = path.indexOf('.'); dot !== -1; dot = path.indexOf('.', dot + 1)) broken.add(path.slice(0, dot));
  }
  const names = new Set<string>();
  for (const { path } of tree.tensors) {
    if (!paths.has(path)) continue;
    let end = path.indexOf('.', root.length);
    while (end !== -1 && broken.has(path.slice(0, end))) end = path.indexOf('.', end + 1);
    names.add(end === -1 ? path : path.slice(0, end));
  }
  return [...names];
}
