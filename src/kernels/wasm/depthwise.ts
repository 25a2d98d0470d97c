import { backend_util, type TensorInfo } from '@tensorflow/tfjs-core';
import { floats, type KernelCall, replaceKernel } from './heap.ts';

/** Adds the two gradients of depthwise convolution, as loops over the heap: composed of slices and products they are ten times slower. */
export function installDepthwise(): void {
  replaceKernel('DepthwiseConv2dNativeBackpropFilter', backpropFilter);
  replaceKernel('DepthwiseConv2dNativeBackpropInput', backpropInput);
}

// Letters: N batch, H W input side, h w output side, k l kernel side, C channels in, M multiplier.
type Info = backend_util.Conv2DInfo;
type Shape4D = [number, number, number, number];

interface DepthwiseAttributes {
  readonly strides: [number, number] | number;
  readonly dilations: [number, number] | number;
  readonly pad: Parameters<typeof backend_util.computeConv2DInfo>[4];
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

type FilterCall = KernelCall<{ readonly x: TensorInfo; readonly dy: TensorInfo }, DepthwiseAttributes & { readonly filterShape: Shape4D }>;

/** x [N, H, W, C], dy [N, h, w, C * M] -> [k, l, C, M]; added in double precision, in row order. */
function backpropFilter({ inputs: { x, dy }, attrs, backend }: FilterCall): TensorInfo {
  const info = geometry(x.shape as Shape4D, attrs.filterShape, attrs);
  const out = backend.makeOutput(attrs.filterShape, 'float32');
  const images = floats(backend, x);
  const gradients = floats(backend, dy);
  const multiplier = attrs.filterShape[3];
  const sums = new Float64Array(info.filterHeight * info.filterWidth * info.outChannels);
  visitTaps(info, (tap, pixel, output) => {
    const start = tap * info.outChannels;
    for (let o = 0; o < info.outChannels; o++) {
      const value = images[pixel + Math.floor(o / multiplier)] as number;
      sums[start + o] = (sums[start + o] as number) + value * (gradients[output + o] as number);
    }
  });
  floats(backend, out).set(sums);
  return out;
}

type InputCall = KernelCall<
  { readonly dy: TensorInfo; readonly filter: TensorInfo },
  DepthwiseAttributes & { readonly inputShape: Shape4D }
>;

/** dy [N, h, w, C * M], filter [k, l, C, M] -> [N, H, W, C]. */
function backpropInput({ inputs: { dy, filter }, attrs, backend }: InputCall): TensorInfo {
  const info = geometry(attrs.inputShape, filter.shape as Shape4D, attrs);
  const out = backend.makeOutput(attrs.inputShape, 'float32');
  const gradients = floats(backend, dy);
  const weights = floats(backend, filter);
  const result = floats(backend, out).fill(0);
  const multiplier = filter.shape[3] ?? 1;
  visitTaps(info, (tap, pixel, output) => {
    const start = tap * info.outChannels;
    for (let o = 0; o < info.outChannels; o++) {
      const channel = pixel + Math.floor(o / multiplier);
      result[channel] = (result[channel] as number) + (gradients[output + o] as number) * (weights[start + o] as number);
    }
  });
  return out;
}

function geometry(inShape: Shape4D, filterShape: Shape4D, attrs: DepthwiseAttributes): Info {
  return backend_util.computeConv2DInfo(inShape, filterShape, attrs.strides, attrs.dilations, attrs.pad, attrs.dimRoundingMode, true);
}

/** Calls `visit` for each pair of an output pixel and a kernel tap that lies inside the image: tap index, offsets of input and output pixel. */
function visitTaps(info: Info, visit: (tap: number, pixel: number, output: number) => void): void {
  const { batchSize, inHeight, inWidth, inChannels, outHeight, outWidth, outChannels, filterHeight, filterWidth, padInfo } = info;
  for (let n = 0; n < batchSize; n++) {
    for (let i = 0; i < outHeight; i++) {
      for (let j = 0; j < outWidth; j++) {
        const output = ((n * outHeight + i) * outWidth + j) * outChannels;
        for (let k = 0; k < filterHeight; k++) {
          const row = i * info.strideHeight - padInfo.top + k * info.dilationHeight;
          if (row < 0 || row >= inHeight) continue;
          for (let l = 0; l < filterWidth; l++) {
            const column = j * info.strideWidth - padInfo.left + l * info.dilationWidth;
            if (column < 0 || column >= inWidth) continue;
            visit(k * filterWidth + l, ((n * inHeight + row) * inWidth + column) * inChannels, output);
          }
        }
      }
    }
  }
}
