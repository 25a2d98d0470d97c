import { backend_util, type TensorInfo } from '@tensorflow/tfjs-core';
import { floats, type KernelCall, replaceKernel } from './heap.ts';

/** Replaces Conv3DBackpropInputV2, which reads out of bounds in tfjs 4.22. */
export function installConvolution3d(): void {
  replaceKernel('Conv3DBackpropInputV2', backpropInput);
}

type Shape5D = [number, number, number, number, number];
type Call = KernelCall<
  { readonly dy: TensorInfo; readonly filter: TensorInfo },
  { readonly strides: [number, number, number] | number; readonly pad: 'valid' | 'same'; readonly inputShape: Shape5D }
>;

/** dy [N, d, h, w, O], filter [k, l, m, C, O] -> [N, D, H, W, C]: each output pixel gives its gradient to the pixels of its window. */
function backpropInput({ inputs: { dy, filter }, attrs, backend }: Call): TensorInfo {
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
