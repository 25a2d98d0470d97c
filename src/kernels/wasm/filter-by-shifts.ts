import type { backend_util, TensorInfo } from '@tensorflow/tfjs-core';
import { floats, release, runKernel, type WasmBackend, withShape } from './heap.ts';

// Letters: N batch, P Q padded image side, h w output side, k l kernel side, C channels in, O channels out.
type Info = backend_util.Conv2DInfo;

/**
 * The filter gradient of a convolution with stride 1, as one product: x [N, H, W, C], dy [N, h, w, O] -> [k, l, C, O]. With x padded and
 * channels outermost [C, N, P, Q], and dy on the same grid [N, P, Q, O] with zeros beside it, the pixel that tap (i, j) sees at each
 * output lies i Q + j further on: a row of the left side [k l C, N P Q] is one shifted copy of a channel.
 */
export function filterByShifts(
  backend: WasmBackend,
  { x, dy }: { readonly x: TensorInfo; readonly dy: TensorInfo },
  info: Info,
): TensorInfo {
  const { filterHeight, filterWidth, inChannels, outChannels, batchSize } = info;
  const height = info.outHeight + filterHeight - 1;
  const width = info.outWidth + filterWidth - 1;
  const grid = batchSize * height * width;
  const left = backend.makeOutput([1, filterHeight * filterWidth * inChannels, grid], 'float32');
  const right = backend.makeOutput([1, grid, outChannels], 'float32');
  const rows = floats(backend, left).fill(0);
  padChannels(floats(backend, x), rows, { info, height, width });
  for (let tap = filterHeight * filterWidth - 1; tap > 0; tap--) {
    const shift = Math.floor(tap / filterWidth) * width + (tap % filterWidth);
    for (let c = 0; c < inChannels; c++) {
      const target = (tap * inChannels + c) * grid;
      // What lies past the end of the channel meets zeros of the right side only, and is zero itself.
      rows.copyWithin(target, c * grid + shift, (c + 1) * grid);
    }
  }
  spreadRows(floats(backend, dy), floats(backend, right).fill(0), { info, height, width });
  const product = runKernel('BatchMatMul', { inputs: { a: left, b: right }, attrs: { transposeA: false, transposeB: false }, backend });
  release(backend, left, right);
  return withShape(product, [filterHeight, filterWidth, inChannels, outChannels]);
}

interface Grid {
  readonly info: Info;
  readonly height: number;
  readonly width: number;
}

/** Writes images [N, H, W, C] as [C, N, P, Q] into zeros, shifted by the padding. */
function padChannels(images: Float32Array, to: Float32Array, { info, height, width }: Grid): void {
  const { batchSize, inHeight, inWidth, inChannels, padInfo } = info;
  // Rows and columns that no window reaches (a kernel that does not fit the rest) are left out.
  const lastRow = Math.min(inHeight, height - padInfo.top);
  const lastColumn = Math.min(inWidth, width - padInfo.left);
  const channelSize = batchSize * height * width;
  for (let n = 0; n < batchSize; n++) {
    for (let row = 0; row < lastRow; row++) {
      const source = (n * inHeight + row) * inWidth * inChannels;
      const target = (n * height + row + padInfo.top) * width + padInfo.left;
      for (let c = 0; c < inChannels; c++) {
        const start = c * channelSize + target;
        for (let column = 0; column < lastColumn; column++) to[start + column] = images[source + column * inChannels + c] as number;
      }
    }
  }
}

/** Writes images [N, h, w, O] into zeros [N, P, Q, O], at the upper left of each image. */
function spreadRows(images: Float32Array, to: Float32Array, { info, height, width }: Grid): void {
  const { batchSize, outHeight, outWidth, outChannels } = info;
  const run = outWidth * outChannels;
  for (let n = 0; n < batchSize; n++) {
    for (let row = 0; row < outHeight; row++) {
      const source = (n * outHeight + row) * run;
      to.set(images.subarray(source, source + run), (n * height + row) * width * outChannels);
    }
  }
}
