import { backend_util, type NamedAttrMap, type NamedTensorInfoMap, type TensorInfo } from '@tensorflow/tfjs-core';
import { type KernelCall, replaceKernel, runStock } from './heap.ts';

/**
 * Replaces the forward convolutions for padding 'same': tfjs 4.22 leaves that padding to XNNPACK, which gets it wrong when the stride is
 * larger than what the kernel covers (an image of 5 rows, kernel 1, stride 3). Here the sides are computed first and passed as numbers.
 */
export function installSamePadding(): void {
  replaceKernel('Conv2D', (call: ConvCall) => spelledOut('Conv2D', call, false));
  replaceKernel('FusedConv2D', (call: ConvCall) => spelledOut('FusedConv2D', call, false));
  replaceKernel('DepthwiseConv2dNative', (call: ConvCall) => spelledOut('DepthwiseConv2dNative', call, true));
  replaceKernel('FusedDepthwiseConv2D', (call: ConvCall) => spelledOut('FusedDepthwiseConv2D', call, true));
}

type Inputs = NamedTensorInfoMap & { readonly x: TensorInfo; readonly filter: TensorInfo };
type Shape4D = [number, number, number, number];

interface ConvAttributes {
  readonly strides: [number, number] | number;
  readonly dilations?: [number, number] | number | null;
  readonly pad: unknown;
  readonly dataFormat?: string;
}
type ConvCall = KernelCall<Inputs, ConvAttributes>;

function spelledOut(name: string, { inputs, attrs, backend }: ConvCall, depthwise: boolean): TensorInfo {
  const given = attrs as unknown as NamedAttrMap;
  if (attrs.pad !== 'same' || attrs.dataFormat === 'NCHW') return runStock(name, { inputs, attrs: given, backend });
  const { x, filter } = inputs;
  const { padInfo } = backend_util.computeConv2DInfo(
    x.shape as Shape4D,
    filter.shape as Shape4D,
    attrs.strides,
    attrs.dilations ?? 1,
    'same',
    undefined,
    depthwise,
  );
  const pad = [
    [0, 0],
    [padInfo.top, padInfo.bottom],
    [padInfo.left, padInfo.right],
    [0, 0],
  ];
  return runStock(name, { inputs, attrs: { ...given, pad }, backend });
}
