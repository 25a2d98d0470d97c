import { backend_util, type TensorInfo } from '@tensorflow/tfjs-core';
import { floats, ints, type KernelCall, refuse, replaceKernel, type WasmBackend } from './heap.ts';

/**
 * Replaces the max pooling kernels that tfjs 4.22 gets wrong: the gradients drop whatever a window whose maximum is not positive receives,
 * the 3-D forward and the one with argmax give 0 for such windows. Of equal maxima the first one wins, as in torch and tfjs's cpu backend.
 * (The plain 2-D forward is XNNPACK's and right.)
 */
export function installMaxPool(): void {
  replaceKernel('MaxPoolGrad', maxPoolGrad);
  replaceKernel('MaxPoolWithArgmax', maxPoolWithArgmax);
  replaceKernel('MaxPool3D', maxPool3d);
  replaceKernel('MaxPool3DGrad', maxPool3dGrad);
}

interface PoolAttributes<Sides> {
  readonly filterSize: Sides | number;
  readonly strides: Sides | number;
  readonly pad: 'valid' | 'same' | number;
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil';
}
type Pool2dAttributes = PoolAttributes<[number, number]>;
type Pool3dAttributes = PoolAttributes<[number, number, number]> & { readonly dataFormat?: 'NDHWC' | 'NCDHW' };

type GradientInputs = { readonly dy: TensorInfo; readonly input: TensorInfo };

/** dy [N, h, w, C], input [N, H, W, C] -> [N, H, W, C]. */
function maxPoolGrad({ inputs, attrs, backend }: KernelCall<GradientInputs, Pool2dAttributes>): TensorInfo {
  return scatter({ inputs, windows: windows2d(inputs.input, attrs), backend });
}

function maxPool3dGrad({ inputs, attrs, backend }: KernelCall<GradientInputs, Pool3dAttributes>): TensorInfo {
  return scatter({ inputs, windows: windows3d('MaxPool3DGrad', inputs.input, attrs), backend });
}

type ArgmaxAttributes = Pool2dAttributes & { readonly includeBatchInIndex: boolean };

/** x [N, H, W, C] -> maxima and their flat positions (in the image, or in the batch of images), [N, h, w, C] each. */
function maxPoolWithArgmax({ inputs: { x }, attrs, backend }: KernelCall<{ readonly x: TensorInfo }, ArgmaxAttributes>): TensorInfo[] {
  const windows = windows2d(x, attrs);
  const maxima = backend.makeOutput(windows.outShape, x.dtype);
  const positions = backend.makeOutput(windows.outShape, 'int32');
  const from = backend.typedArrayFromHeap(x);
  const at = ints(backend, positions);
  findMaxima(windows, from, at);
  pick(from, at, backend.typedArrayFromHeap(maxima));
  if (!attrs.includeBatchInIndex) {
    const imageSize = from.length / windows.batch;
    for (let output = 0; output < at.length; output++) at[output] = (at[output] as number) % imageSize;
  }
  return [maxima, positions];
}

/** x [N, D, H, W, C] -> [N, d, h, w, C]. */
function maxPool3d({ inputs: { x }, attrs, backend }: KernelCall<{ readonly x: TensorInfo }, Pool3dAttributes>): TensorInfo {
  const windows = windows3d('MaxPool3D', x, attrs);
  const out = backend.makeOutput(windows.outShape, x.dtype);
  const from = backend.typedArrayFromHeap(x);
  const to = backend.typedArrayFromHeap(out);
  const at = new Int32Array(to.length);
  findMaxima(windows, from, at);
  pick(from, at, to);
  return out;
}

/** Adds each output's gradient to the input that was its maximum. */
function scatter({
  inputs: { dy, input },
  windows,
  backend,
}: Omit<KernelCall<GradientInputs, never>, 'attrs'> & { readonly windows: Windows }): TensorInfo {
  if (input.dtype !== 'float32') return refuse('MaxPoolGrad', `${input.dtype} values`);
  const out = backend.makeOutput(input.shape, 'float32');
  const gradients = floats(backend, dy);
  const result = floats(backend, out).fill(0);
  const at = new Int32Array(gradients.length);
  findMaxima(windows, floats(backend, input), at);
  for (let output = 0; output < at.length; output++) {
    const position = at[output] as number;
    result[position] = (result[position] as number) + (gradients[output] as number);
  }
  return out;
}

function pick(from: HeapValues, at: Int32Array, to: HeapValues): void {
  for (let output = 0; output < at.length; output++) to[output] = from[at[output] as number] as number;
}

type HeapValues = ReturnType<WasmBackend['typedArrayFromHeap']>;

/** The windows of a pooling: per axis (depth, height, width) the sides and how the window moves. 2-D images have depth 1. */
interface Windows {
  readonly batch: number;
  readonly channels: number;
  readonly outShape: readonly number[];
  readonly axes: readonly [Axis, Axis, Axis];
}

interface Axis {
  readonly input: number;
  readonly output: number;
  readonly size: number;
  readonly stride: number;
  readonly padding: number;
}

function windows2d(x: TensorInfo, { filterSize, strides, pad, dimRoundingMode }: Pool2dAttributes): Windows {
  const info = backend_util.computePool2DInfo(x.shape as [number, number, number, number], filterSize, strides, 1, pad, dimRoundingMode);
  return {
    batch: info.batchSize,
    channels: info.inChannels,
    outShape: info.outShape,
    axes: [
      { input: 1, output: 1, size: 1, stride: 1, padding: 0 },
      { input: info.inHeight, output: info.outHeight, size: info.filterHeight, stride: info.strideHeight, padding: info.padInfo.top },
      { input: info.inWidth, output: info.outWidth, size: info.filterWidth, stride: info.strideWidth, padding: info.padInfo.left },
    ],
  };
}

function windows3d(name: string, x: TensorInfo, { filterSize, strides, pad, dimRoundingMode, dataFormat }: Pool3dAttributes): Windows {
  if (dataFormat === 'NCDHW') return refuse(name, 'NCDHW volumes');
  const shape = x.shape as [number, number, number, number, number];
  const info = backend_util.computePool3DInfo(shape, filterSize, strides, 1, pad, dimRoundingMode);
  return {
    batch: info.batchSize,
    channels: info.inChannels,
    outShape: info.outShape,
    axes: [
      { input: info.inDepth, output: info.outDepth, size: info.filterDepth, stride: info.strideDepth, padding: info.padInfo.front },
      { input: info.inHeight, output: info.outHeight, size: info.filterHeight, stride: info.strideHeight, padding: info.padInfo.top },
      { input: info.inWidth, output: info.outWidth, size: info.filterWidth, stride: info.strideWidth, padding: info.padInfo.left },
    ],
  };
}

/** Writes the offset of each window's (first) maximum into `at`, in output order. */
function findMaxima({ batch, channels, axes }: Windows, values: HeapValues, at: Int32Array): void {
  const [depth, height, width] = axes;
  const taps = new Int32Array(depth.size * height.size * width.size);
  let output = 0;
  for (let n = 0; n < batch; n++) {
    for (let d = 0; d < depth.output; d++) {
      for (let i = 0; i < height.output; i++) {
        for (let j = 0; j < width.output; j++) {
          const count = collectTaps({ axes, channels, n, at: [d, i, j] }, taps);
          findInWindow(values, { taps, count, channels, output }, at);
          output += channels;
        }
      }
    }
  }
}

interface WindowTaps {
  readonly taps: Int32Array;
  readonly count: number;
  readonly channels: number;
  readonly output: number;
}

function findInWindow(values: HeapValues, { taps, count, channels, output }: WindowTaps, at: Int32Array): void {
  const first = taps[0] as number;
  for (let c = 0; c < channels; c++) {
    let best = first + c;
    let maximum = values[best] as number;
    for (let tap = 1; tap < count; tap++) {
      const candidate = (taps[tap] as number) + c;
      const value = values[candidate] as number;
      if (value > maximum) {
        maximum = value;
        best = candidate;
      }
    }
    at[output + c] = best;
  }
}

interface WindowPlace {
  readonly axes: Windows['axes'];
  readonly channels: number;
  readonly n: number;
  readonly at: readonly [number, number, number];
}

/** Writes the offsets of a window's pixels (those inside the image) into `taps`, in row order, and returns how many. */
function collectTaps({ axes: [depth, height, width], channels, n, at: [d, i, j] }: WindowPlace, taps: Int32Array): number {
  const front = d * depth.stride - depth.padding;
  const top = i * height.stride - height.padding;
  const left = j * width.stride - width.padding;
  let count = 0;
  for (let z = Math.max(0, front); z < Math.min(depth.input, front + depth.size); z++) {
    for (let row = Math.max(0, top); row < Math.min(height.input, top + height.size); row++) {
      const line = ((n * depth.input + z) * height.input + row) * width.input;
      for (let column = Math.max(0, left); column < Math.min(width.input, left + width.size); column++) {
        taps[count] = (line + column) * channels;
        count += 1;
      }
    }
  }
  return count;
}
