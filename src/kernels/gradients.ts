import { add, engine, ones, type Tensor } from '@tensorflow/tfjs-core';
import { inScope } from './scope.ts';
import { FUSED, recordPass, type TapeNode, tape } from './tape.ts';

/** A value and its gradients. All tensors belong to the scope at hand. */
export interface Differentiated<T extends Tensor> {
  readonly value: T;
  /** By each x: float32 of its shape; null where the value does not depend on it. */
  readonly gradients: readonly (Tensor | null)[];
  /** Whether our own kernels made all gradients: each has memory of its own, which no operation has read as a weight (XNNPACK keeps those packed). */
  readonly areOwn: boolean;
}

/**
 * Computes the value of `f` and its gradients by `xs`, in reverse mode: the operations of tfjs's `engine().gradients` in the same order, hence the same
 * bits. tfjs finds the way from xs to value in records by tensor number and copies it, which takes longer than the backward pass of a small head.
 * Not to be called within `f` of another call. Errors: what `f` throws; Error when an operation on the way has no gradient, or one of another
 * shape or type than its input.
 */
export function gradientsOf<T extends Tensor>(f: () => T, xs: readonly Tensor[]): Differentiated<T> {
  const recorder = tape();
  try {
    const value = recordPass(f);
    const back = inScope(
      () => goBack(recorder.state.activeTape ?? [], value, xs),
      ({ gradients }) => gradients,
    );
    return { value, ...back };
  } finally {
    for (const { saved } of recorder.state.activeTape ?? []) for (const tensor of saved ?? []) tensor.dispose();
    recorder.state.activeTape = null;
  }
}

function goBack(nodes: readonly TapeNode[], value: Tensor, xs: readonly Tensor[]): Omit<Differentiated<Tensor>, 'value'> {
  // Numbers of tensors that depend on an x, and the operations that made them.
  const reached = new Set<number>();
  for (const { id } of xs) reached.add(id);
  const onTheWay: TapeNode[] = [];
  for (const node of nodes) {
    if (!dependsOn(node.inputs, reached)) continue;
    onTheWay.push(node);
    for (const { id } of node.outputs) reached.add(id);
  }
  const way: Way = { reached, found: new Map(), foreign: new Set() };
  way.found.set(value.id, ones(value.shape));
  way.foreign.add(value.id);
  for (let at = onTheWay.length - 1; at >= 0; at -= 1) addGradients(onTheWay[at] as TapeNode, way);
  const gradients: (Tensor | null)[] = [];
  let areOwn = true;
  for (const { id } of xs) {
    gradients.push(way.found.get(id) ?? null);
    if (way.foreign.has(id)) areOwn = false;
  }
  return { gradients, areOwn };
}

/** What is known on the way back, by numbers of tensors. */
interface Way {
  /** Those that depend on an x. */
  readonly reached: ReadonlySet<number>;
  /** Their gradients so far. */
  readonly found: Map<number, Tensor>;
  /** Those whose gradients tfjs had a hand in. */
  readonly foreign: Set<number>;
}

function dependsOn(inputs: TapeNode['inputs'], reached: ReadonlySet<number>): boolean {
  for (const name in inputs) {
    const input = inputs[name];
    if (input && reached.has(input.id)) return true;
  }
  return false;
}

/** Adds what an operation's inputs get from its outputs, unless the value does not depend on these. */
function addGradients({ kernelName, inputs, outputs, gradient }: TapeNode, { reached, found, foreign }: Way): void {
  const dys: (Tensor | null)[] = [];
  let isReached = false;
  for (const { id } of outputs) {
    const dy = found.get(id) ?? null;
    dys.push(dy);
    if (dy !== null) isReached = true;
  }
  if (!isReached) return;
  if (gradient === undefined) throw new Error(`The operation ${kernelName} has no gradient.`);
  const gradients = gradient(dys);
  for (const name in inputs) {
    const input = inputs[name];
    if (!input || !reached.has(input.id)) continue;
    const compute = gradients[name];
    if (compute === undefined) throw new Error(`The operation ${kernelName} has no gradient of its input ${name}.`);
    const dx = kernelName === FUSED ? compute() : engine().tidy(compute);
    if (dx.dtype !== 'float32' || !haveOneShape(dx, input))
      throw new Error(
        `The gradient of the input ${name} of ${kernelName} is ${dx.dtype} [${dx.shape.join()}]; the input is [${input.shape.join()}].`,
      );
    if (kernelName !== FUSED) foreign.add(input.id);
    const before = found.get(input.id);
    found.set(input.id, before === undefined ? dx : add(before, dx));
    before?.dispose();
  }
}

function haveOneShape({ shape: left }: Tensor, { shape: right }: Tensor): boolean {
  if (left.length !== right.length) return false;
  for (let axis = 0; axis < left.length; axis += 1) if (left[axis] !== right[axis]) return false;
  return true;
}
