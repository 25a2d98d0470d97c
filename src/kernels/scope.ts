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

/**
 * Runs `work` and frees whatever it makes, apart from what is kept and from the results that `resultsOf` names, which belong to the scope around it: tf.tidy for
 * results that are known. tfjs looks for tensors in whatever it is given, and puts them into sets, which takes longer than a small operation.
 */
export function inScope<R>(work: () => R, resultsOf: (result: R) => readonly (Tensor | null)[]): R {
  scopes().startScope();
  let results: readonly (Tensor | null)[] = [];
  try {
    const result = work();
    results = resultsOf(result);
    return result;
  } finally {
    closeScope(results);
  }
}

/** `resultsOf` for a result that is one tensor. */
export function itself(tensor: Tensor): readonly Tensor[] {
  return [tensor];
}

/** `resultsOf` for work whose results are kept. */
export function nothing(): readonly Tensor[] {
  return [];
}

function closeScope(results: readonly (Tensor | null)[]): void {
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
