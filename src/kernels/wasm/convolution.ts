import { backend_util, type TensorInfo } from '@tensorflow/tfjs-core';
import { filterByShifts } from './filter-by-shifts.ts';
import { floats, type KernelCall, refuse, release, replaceKernel, runKernel, type WasmBackend, withShape } from './heap.ts';

/** Adds Conv2DBackpropFilter and replaces Conv2DBackpropInput (a scalar loop in tfjs 4.22): both become one XNNPACK convolution. */
export function installConvolution(): void {
  replaceKernel('Conv2DBackpropFilter', backpropFilter);
  replaceKernel('Conv2DBackpropInput', backpropInput);
}

// Letters: N batch, H W input side, h w output side, k l kernel side, C channels in, O channels out.
type Info = backend_util.Conv2DInfo;
type Shape4D = [number, number, number, number];

interface ConvAttributes {
  readonly strides: [number, number] | number;
  readonly pad: Parameters<typeof backend_util.computeConv2DInfo>[4];
  readonly dataFormat: 'NHWC' | 'NCHW';
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

type FilterCall = KernelCall<{ readonly x: TensorInfo; readonly dy: TensorInfo }, ConvAttributes & { readonly filterShape: Shape4D }>;

/**
 * x [N, H, W, C], dy [N, h, w, O] -> [k, l, C, O]. With stride 1 by `filterByShifts`; else x convolved with dy, the batch as the channel
 * to sum over and the stride as dilation (XNNPACK then packs dy as if it were a filter, which is slow for its size).
 */
function backpropFilter({ inputs: { x, dy }, attrs, backend }: FilterCall): TensorInfo {
  const info = geometry('Conv2DBackpropFilter', { inShape: x.shape as Shape4D, filterShape: attrs.filterShape, attrs });
  if (isPointwise(info)) {
    const a = withShape(x, [1, info.batchSize * info.inHeight * info.inWidth, info.inChannels]);
    const b = withShape(dy, [1, info.batchSize * info.outHeight * info.outWidth, info.outChannels]);
    const product = runKernel('BatchMatMul', { inputs: { a, b }, attrs: { transposeA: true, transposeB: false }, backend });
    return withShape(product, attrs.filterShape);
  }
  if (info.strideHeight === 1 && info.strideWidth === 1) return filterByShifts(backend, { x, dy }, info);
  const image = transposed(backend, x, [3, 1, 2, 0]); // [C, H, W, N]
  const filter = transposed(backend, dy, [1, 2, 0, 3]); // [h, w, N, O]
  const { top, bottom, left, right } = info.padInfo;
  const wide = convolve(backend, image, filter, { sides: [top, bottom, left, right], dilations: [info.strideHeight, info.strideWidth] }); // [C, >= k, >= l, O]
  // Rows that the forward pass dropped (a stride that does not divide) show as further rows here.
  const size = [info.inChannels, info.filterHeight, info.filterWidth, info.outChannels];
  const fitting = runKernel('Slice', { inputs: { x: wide }, attrs: { begin: [0, 0, 0, 0], size }, backend });
  const out = transposed(backend, fitting, [1, 2, 0, 3]); // [k, l, C, O]
  release(backend, image, filter, wide, fitting);
  return out;
}

type InputCall = KernelCall<{ readonly dy: TensorInfo; readonly filter: TensorInfo }, ConvAttributes & { readonly inputShape: Shape4D }>;

/** dy [N, h, w, O], filter [k, l, C, O] -> [N, H, W, C]: dy, spread out by the stride, convolved with the filter turned by 180 degrees. */
function backpropInput({ inputs: { dy, filter }, attrs, backend }: InputCall): TensorInfo {
  const info = geometry('Conv2DBackpropInput', { inShape: attrs.inputShape, filterShape: filter.shape as Shape4D, attrs });
  if (isPointwise(info)) {
    const a = withShape(dy, [1, info.batchSize * info.outHeight * info.outWidth, info.outChannels]);
    const b = withShape(filter, [1, info.inChannels, info.outChannels]);
    const product = runKernel('BatchMatMul', { inputs: { a, b }, attrs: { transposeA: false, transposeB: true }, backend });
    return withShape(product, attrs.inputShape);
  }
  const turned = turnFilter(backend, filter, info); // [k, l, O, C]
  const top = info.filterHeight - 1 - info.padInfo.top;
  const left = info.filterWidth - 1 - info.padInfo.left;
  const bottom = info.inHeight + info.filterHeight - 1 - top - info.outHeight;
  const right = info.inWidth + info.filterWidth - 1 - left - info.outWidth;
  const plain = info.strideHeight === 1 && info.strideWidth === 1 && Math.min(top, bottom, left, right) >= 0;
  const spread = plain ? dy : spreadOut(backend, dy, { info, top, left }); // [N, H + k - 1, W + l - 1, O] when not plain
  const out = convolve(backend, spread, turned, { sides: plain ? [top, bottom, left, right] : [0, 0, 0, 0], dilations: [1, 1] }); // [N, H, W, C]
  release(backend, turned, ...(plain ? [] : [spread]));
  return out;
}

function geometry(
  name: string,
  { inShape, filterShape, attrs }: { readonly inShape: Shape4D; readonly filterShape: Shape4D; readonly attrs: ConvAttributes },
): Info {
  if (attrs.dataFormat === 'NCHW') return refuse(name, 'NCHW images');
  return backend_util.computeConv2DInfo(inShape, filterShape, attrs.strides, 1, attrs.pad, attrs.dimRoundingMode);
}

function isPointwise({ filterHeight, filterWidth, strideHeight, strideWidth, inHeight, outHeight, inWidth, outWidth }: Info): boolean {
  return filterHeight * filterWidth * strideHeight * strideWidth === 1 && inHeight === outHeight && inWidth === outWidth;
}

function transposed(backend: WasmBackend, x: TensorInfo, perm: number[]): TensorInfo {
  return runKernel('Transpose', { inputs: { x }, attrs: { perm }, backend });
}

function convolve(
  backend: WasmBackend,
  x: TensorInfo,
  filter: TensorInfo,
  {
    sides: [top, bottom, left, right],
    dilations,
  }: { readonly sides: readonly [number, number, number, number]; readonly dilations: number[] },
): TensorInfo {
  const pad = [
    [0, 0],
    [top, bottom],
    [left, right],
    [0, 0],
  ];
  return runKernel('Conv2D', { inputs: { x, filter }, attrs: { strides: [1, 1], pad, dataFormat: 'NHWC', dilations }, backend });
}

/** filter [k, l, C, O] -> [k, l, O, C] with both sides reversed. */
function turnFilter(backend: WasmBackend, filter: TensorInfo, info: Info): TensorInfo {
  const { filterHeight, filterWidth, inChannels, outChannels } = info;
  const out = backend.makeOutput([filterHeight, filterWidth, outChannels, inChannels], 'float32');
  const from = floats(backend, filter);
  const to = floats(backend, out);
  const size = inChannels * outChannels;
  const taps = filterHeight * filterWidth;
  for (let tap = 0; tap < taps; tap++) {
    const source = tap * size;
    const target = (taps - 1 - tap) * size;
    for (let c = 0; c < inChannels; c++) {
      for (let o = 0; o < outChannels; o++) to[target + o * inChannels + c] = from[source + c * outChannels + o] as number;
    }
  }
  return out;
}

/** Puts dy's pixels a stride apart into zeros of [N, H + k - 1, W + l - 1, O], beginning at (top, left), which may be negative. */
function spreadOut(
  backend: WasmBackend,
  dy: TensorInfo,
  { info, top, left }: { readonly info: Info; readonly top: number; readonly left: number },
): TensorInfo {
  const { batchSize, outHeight, outWidth, outChannels, strideHeight, strideWidth } = info;
  const height = info.inHeight + info.filterHeight - 1;
  const width = info.inWidth + info.filterWidth - 1;
  const out = backend.makeOutput([batchSize, height, width, outChannels], 'float32');
  const from = floats(backend, dy);
  const to = floats(backend, out).fill(0);
  for (let n = 0; n < batchSize; n++) {
    for (let i = 0; i < outHeight; i++) {
      const row = top + i * strideHeight;
      if (row < 0 || row >= height) continue;
      for (let j = 0; j < outWidth; j++) {
        const column = left + j * strideWidth;
        if (column < 0 || column >= width) continue;
        const source = ((n * outHeight + i) * outWidth + j) * outChannels;
        const target = ((n * height + row) * width + column) * outChannels;
        for (let o = 0; o < outChannels; o++) to[target + o] = from[source + o] as number;
      }
    }
  }
  return out;
}
