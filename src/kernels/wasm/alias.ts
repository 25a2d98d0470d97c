import type { TensorInfo } from '@tensorflow/tfjs-core';
import { alias, type KernelCall, replaceKernel, runStock } from './heap.ts';

/** Replaces kernels that copy where sharing is enough: tensors are never written to after they are made. */
export function installAliases(): void {
  replaceKernel('Identity', identity);
  replaceKernel('Transpose', transpose);
}

/** tfjs clones every tensor it saves for the backward pass; its own kernel copies each time. */
function identity(call: KernelCall<{ readonly x: TensorInfo }, undefined>): TensorInfo {
  const { x } = call.inputs;
  if (x.dtype === 'string') return runStock('Identity', { ...call, inputs: { x }, attrs: {} });
  return alias(call.backend, x);
}

function transpose({
  inputs: { x },
  attrs,
  backend,
}: KernelCall<{ readonly x: TensorInfo }, { readonly perm: readonly number[] }>): TensorInfo {
  const { perm } = attrs;
  // Axes of length 1 may go anywhere without moving a byte.
  const moved = perm.filter((axis) => x.shape[axis] !== 1);
  const inOrder = moved.every((axis, position) => position === 0 || axis > (moved[position - 1] ?? 0));
  if (inOrder && x.dtype !== 'string') {
    return alias(
      backend,
      x,
      perm.map((axis) => x.shape[axis] ?? 1),
    );
  }
  return runStock('Transpose', { inputs: { x }, attrs: { perm: [...perm] }, backend });
}
