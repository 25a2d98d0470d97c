import { engine, type Tensor } from '@tensorflow/tfjs-core';

/** Tensors that were made since a scope began. */
interface Scope {
  readonly id: number;
  readonly track: readonly Tensor[];
}

/** What tfjs-core 4.22 has below tf.tidy. */
interface Scopes {
  startScope(): void;
  /** Makes a tensor belong to the scope at hand. */
  track(tensor: Tensor): void;
  readonly state: { readonly scopeStack: Scope[]; activeScope: Scope | null };
}

function scopes(): Scopes {
  return engine() as unknown as Scopes;
}

/** Runs `work` and frees whatever it makes beside its result and does not keep: tf.tidy for one tensor. */
export function inScope<T extends Tensor>(work: () => T): T {
  openScope();
  let result: T | null = null;
  try {
    result = work();
    return result;
  } finally {
    closeScope([result]);
  }
}

/** Begins a scope. `closeScope` ends it. */
export function openScope(): void {
  scopes().startScope();
}

/**
 * Ends the scope at hand as tfjs does: what was made in it is freed, apart from what is kept and from results, which belong to the scope around it then. tfjs
 * looks for tensors in whatever it is given as the result, and puts them into sets, which takes longer than a small operation.
 */
export function closeScope(results: readonly (Tensor | null)[]): void {
  const all = scopes();
  const { id, track } = all.state.activeScope as Scope;
  const owned: Tensor[] = [];
  for (const tensor of results) {
    if (tensor === null || tensor.kept) continue;
    tensor.kept = true;
    owned.push(tensor);
  }
  for (const tensor of track) if (!tensor.kept) tensor.dispose();
  all.state.scopeStack.pop();
  all.state.activeScope = all.state.scopeStack.at(-1) ?? null;
  for (const tensor of owned) {
    tensor.kept = false;
    if (tensor.scopeId === id) all.track(tensor);
  }
}
