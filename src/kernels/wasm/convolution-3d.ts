import { backend_util, type TensorInfo } from '@tensorflow/tfjs-core';
import { floats, type KernelCall, replaceKernel } from './heap.ts';

/** Replaces the gradients of 3-D convolution: in tfjs 4.22 Conv3DBackpropInputV2 reads out of bounds, Conv3DBackpropFilterV2 is wrong with strides. */
export function installConvolution3d(): void {
  replaceKernel('Conv3DBackpropInputV2', backpropInput);
  replaceKernel('Conv3DBackpropFilterV2', backpropFilter);
}

type Shape5D = [number, number, number, number, number];

interface Conv3dAttributes {
  readonly strides: [number, number, number] | number;
  readonly pad: 'valid' | 'same';
}

type InputCall = KernelCall<{ readonly dy: TensorInfo; readonly filter: TensorInfo }, Conv3dAttributes & { readonly inputShape: Shape5D }>;

/** dy [N, d, h, w, O], filter [k, l, m, C, O] -> [N, D, H, W, C]: each output pixel gives its gradient to the pixels of its window. */
function backpropInput({ inputs: { dy, filter }, attrs, backend }: InputCall): TensorInfo {
  const info = backend_util.computeConv3DInfo(attrs.inputShape, filter.shape as Shape5D, attrs.strides, 1, attrs.pad);
  const out = backend.makeOutput(attrs.inputShape, 'float32');
  const gradients = floats(backend, dy);
  const weights = floats(backend, filter);
  const result = floats(backend, out).fill(0);
  const { inChannels, outChannels } = info;
  visitTaps(info, (tap, pixel, output) => {
    for (let c = 0; c < inChannels; c++) {
      const row = (tap * inChannels + c) * outChannels;
      let sum = 0;
      for (let o = 0; o < outChannels; o++) sum += (gradients[output + o] as number) * (weights[row + o] as number);
      result[pixel + c] = (result[pixel + c] as number) + sum;
    }
  });
  return out;
}

type FilterCall = KernelCall<{ readonly x: TensorInfo; readonly dy: TensorInfo }, Conv3dAttributes & { readonly filterShape: Shape5D }>;

/** x [N, D, H, W, C], dy [N, d, h, w, O] -> [k, l, m, C, O]; added in double precision. */
function backpropFilter({ inputs: { x, dy }, attrs, backend }: FilterCall): TensorInfo {
  const info = backend_util.computeConv3DInfo(x.shape as Shape5D, attrs.filterShape, attrs.strides, 1, attrs.pad);
  const out = backend.makeOutput(attrs.filterShape, 'float32');
  const volumes = floats(backend, x);
  const gradients = floats(backend, dy);
  const result = floats(backend, out);
  const sums = new Float64Array(result.length);
  const { inChannels, outChannels } = info;
  visitTaps(info, (tap, pixel, output) => {
    for (let c = 0; c < inChannels; c++) {
      const row = (tap * inChannels + c) * outChannels;
      const value = volumes[pixel + c] as number;
      for (let o = 0; o < outChannels; o++) sums[row + o] = (sums[row + o] as number) + value * (gradients[output + o] as number);
    }
  });
  result.set(sums);
  return out;
}

/** Calls `visit` for each pair of an output pixel and a kernel tap inside the volume: tap index, offsets of input and output pixel. */
function visitTaps(info: backend_util.Conv3DInfo, visit: (tap: number, pixel: number, output: number) => void): void {
  const { batchSize, inDepth, inHeight, inWidth, outDepth, outHeight, outWidth, filterDepth, filterHeight, filterWidth, padInfo } = info;
  let output = 0;
  for (let n = 0; n < batchSize; n++) {
    for (let d = 0; d < outDepth; d++) {
      for (let i = 0; i < outHeight; i++) {
        for (let j = 0; j < outWidth; j++) {
          for (let k = 0; k < filterDepth; k++) {
            const plane = d * info.strideDepth - padInfo.front + k;
            if (plane < 0 || plane >= inDepth) continue;
            for (let l = 0; l < filterHeight; l++) {
              const row = i * info.strideHeight - padInfo.top + l;
              if (row < 0 || row >= inHeight) continue;
              for (let m = 0; m < filterWidth; m++) {
                const column = j * info.strideWidth - padInfo.left + m;
                if (column < 0 || column >= inWidth) continue;
                const tap = (k * filterHeight + l) * filterWidth + m;
                visit(tap, (((n * inDepth + plane) * inHeight + row) * inWidth + column) * info.inChannels, output);
              }
            }
          }
          output += info.outChannels;
        }
      }
    }
  }
}
