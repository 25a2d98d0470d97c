import type { KernelFunc, TensorInfo } from '@tensorflow/tfjs-core';
import { getKernel, registerKernel, unregisterKernel } from '@tensorflow/tfjs-core';
import { RootstockError } from '../../errors.ts';

/**
 * Has the convolutions of the tensorflow backend take padding given in numbers: tfjs-node 4.22 refuses it in their gradients, and a plain
 * number in the forward pass as well. The image is padded with zeros first and the convolution is a 'valid' one; its gradient is cut
 * back. Images are NHWC. The tensorflow backend must be registered; a second call changes nothing.
 */
export function installExplicitPadding(): void {
  replace('Conv2D', (stock, { inputs, attrs, backend }, sides) => {
    const padded = pad(input(inputs, 'x'), sides, backend);
    const y = stock({ inputs: { ...inputs, x: padded }, attrs: { ...attrs, pad: 'valid' }, backend });
    release(padded, backend);
    return y;
  });
  replace('Conv2DBackpropInput', (stock, { inputs, attrs, backend }, sides) => {
    const size = attrs?.['inputShape'] as number[];
    const inputShape = size.map((length, axis) => length + sum(sides[axis]));
    const padded = stock({ inputs, attrs: { ...attrs, pad: 'valid', inputShape }, backend }) as TensorInfo;
    const begin = sides.map(([before]) => before);
    const dx = kernelOf('Slice').kernelFunc({ inputs: { x: padded }, attrs: { begin, size }, backend });
    release(padded, backend);
    return dx;
  });
  replace('Conv2DBackpropFilter', (stock, { inputs, attrs, backend }, sides) => {
    const padded = pad(input(inputs, 'x'), sides, backend);
    const gradient = stock({ inputs: { ...inputs, x: padded }, attrs: { ...attrs, pad: 'valid' }, backend });
    release(padded, backend);
    return gradient;
  });
}

type KernelCall = Parameters<KernelFunc>[0];
type Backend = KernelCall['backend'];

/** Zeros before and after, for each axis of an image [N, H, W, C]. */
type Sides = readonly (readonly [number, number])[];

const replaced = new Set<string>();

/** Registers what a kernel does where padding is given in numbers; with 'valid' and 'same' it stays as it is. */
function replace(name: string, padded: (stock: KernelFunc, call: KernelCall, sides: Sides) => TensorInfo | TensorInfo[]): void {
  if (replaced.has(name)) return;
  const stock = kernelOf(name);
  unregisterKernel(name, 'tensorflow');
  registerKernel({
    ...stock,
    kernelFunc: (call) => {
      const sides = sidesOf(call.attrs?.['pad']);
      return sides === undefined ? stock.kernelFunc(call) : padded(stock.kernelFunc, call, sides);
    },
  });
  replaced.add(name);
}

/** tfjs gives a number for all four sides of an image, or a pair for every axis. */
function sidesOf(pad: unknown): Sides | undefined {
  if (Array.isArray(pad)) return pad as Sides;
  if (typeof pad !== 'number') return undefined;
  const side = [pad, pad] as const;
  return [[0, 0], side, side, [0, 0]];
}

function pad(x: TensorInfo, sides: Sides, backend: Backend): TensorInfo {
  const attrs = { paddings: sides.map((side) => [...side]), constantValue: 0 };
  return kernelOf('PadV2').kernelFunc({ inputs: { x }, attrs, backend }) as TensorInfo;
}

function input(inputs: KernelCall['inputs'], name: string): TensorInfo {
  return inputs[name] as TensorInfo;
}

function sum(side: readonly [number, number] | undefined): number {
  return (side?.[0] ?? 0) + (side?.[1] ?? 0);
}

function release({ dataId }: TensorInfo, backend: Backend): void {
  (backend as { disposeData(id: object): boolean }).disposeData(dataId);
}

function kernelOf(name: string): NonNullable<ReturnType<typeof getKernel>> {
  const kernel = getKernel(name, 'tensorflow');
  if (kernel === undefined) throw new RootstockError('KERNEL_MISSING', `The tensorflow backend has no kernel ${name}.`, { kernel: name });
  return kernel;
}
