import { backend_util, type TensorInfo } from '@tensorflow/tfjs-core';
import { floats, type KernelCall, refuse, replaceKernel } from './heap.ts';

/** Replaces grey-scale dilation and its two gradients, wrong in tfjs 4.22 wherever a window's maximum is not positive. */
export function installDilation(): void {
  replaceKernel('Dilation2D', dilate);
  replaceKernel('Dilation2DBackpropInput', backpropInput);
  replaceKernel('Dilation2DBackpropFilter', backpropFilter);
}

// Letters: N batch, H W input side, h w output side, k l kernel side, C channels. filter is [k, l, C].
type Inputs = { readonly x: TensorInfo; readonly filter: TensorInfo };
type GradientInputs = Inputs & { readonly dy: TensorInfo };

interface DilationAttributes {
  readonly strides: [number, number] | number;
  readonly pad: 'valid' | 'same' | number;
  readonly dilations: [number, number] | number;
}

/** x [N, H, W, C] -> [N, h, w, C]: the maximum over the window of pixel + filter. */
function dilate({ inputs, attrs, backend }: KernelCall<Inputs, DilationAttributes>): TensorInfo {
  const info = geometry('Dilation2D', inputs, attrs);
  const out = backend.makeOutput(info.outShape, 'float32');
  const images = floats(backend, inputs.x);
  const filter = floats(backend, inputs.filter);
  const result = floats(backend, out);
  visitMaxima(info, { images, filter }, (output, pixel, tap) => {
    result[output] = (images[pixel] as number) + (filter[tap] as number);
  });
  return out;
}

/** Each output's gradient goes to the pixel that made its maximum: [N, H, W, C]. */
function backpropInput({ inputs, attrs, backend }: KernelCall<GradientInputs, DilationAttributes>): TensorInfo {
  const info = geometry('Dilation2DBackpropInput', inputs, attrs);
  const out = backend.makeOutput(inputs.x.shape, 'float32');
  const gradients = floats(backend, inputs.dy);
  const result = floats(backend, out).fill(0);
  visitMaxima(info, { images: floats(backend, inputs.x), filter: floats(backend, inputs.filter) }, (output, pixel) => {
    result[pixel] = (result[pixel] as number) + (gradients[output] as number);
  });
  return out;
}

/** Each output's gradient goes to the filter's tap that made its maximum: [k, l, C]. */
function backpropFilter({ inputs, attrs, backend }: KernelCall<GradientInputs, DilationAttributes>): TensorInfo {
  const info = geometry('Dilation2DBackpropFilter', inputs, attrs);
  const out = backend.makeOutput(inputs.filter.shape, 'float32');
  const gradients = floats(backend, inputs.dy);
  const result = floats(backend, out).fill(0);
  visitMaxima(info, { images: floats(backend, inputs.x), filter: floats(backend, inputs.filter) }, (output, _pixel, tap) => {
    result[tap] = (result[tap] as number) + (gradients[output] as number);
  });
  return out;
}

type Info = backend_util.Conv2DInfo;

function geometry(name: string, { x, filter }: Inputs, { strides, pad, dilations }: DilationAttributes): Info {
  if (x.dtype !== 'float32' || filter.dtype !== 'float32') return refuse(name, `${x.dtype} values`);
  return backend_util.computeDilation2DInfo(
    x.shape as [number, number, number, number],
    filter.shape as [number, number, number],
    strides,
    pad,
    'NHWC',
    dilations,
  );
}

/** Calls `visit` with the offsets of each output and of the pixel and the filter tap whose sum is its (first) maximum. */
function visitMaxima(
  info: Info,
  { images, filter }: { readonly images: Float32Array; readonly filter: Float32Array },
  visit: (output: number, pixel: number, tap: number) => void,
): void {
  const { batchSize, inHeight, inWidth, inChannels, outHeight, outWidth, filterHeight, filterWidth, padInfo } = info;
  let output = 0;
  for (let n = 0; n < batchSize; n++) {
    for (let i = 0; i < outHeight; i++) {
      for (let j = 0; j < outWidth; j++) {
        for (let c = 0; c < inChannels; c++) {
          let maximum = Number.NEGATIVE_INFINITY;
          let bestPixel = -1;
          let bestTap = -1;
          for (let k = 0; k < filterHeight; k++) {
            const row = i * info.strideHeight - padInfo.top + k * info.dilationHeight;
            if (row < 0 || row >= inHeight) continue;
            for (let l = 0; l < filterWidth; l++) {
              const column = j * info.strideWidth - padInfo.left + l * info.dilationWidth;
              if (column < 0 || column >= inWidth) continue;
              const pixel = ((n * inHeight + row) * inWidth + column) * inChannels + c;
              const tap = (k * filterWidth + l) * inChannels + c;
              const value = (images[pixel] as number) + (filter[tap] as number);
              if (value > maximum || bestPixel < 0) {
                maximum = value;
                bestPixel = pixel;
                bestTap = tap;
              }
            }
          }
          if (bestPixel >= 0) visit(output, bestPixel, bestTap);
          output += 1;
        }
      }
    }
  }
}
