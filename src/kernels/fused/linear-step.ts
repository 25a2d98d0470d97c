import type { WasmBackend } from '../wasm/heap.ts';
import { FUSED_ACTIVATIONS } from './activation.ts';
import type { FusedLayer } from './edge-products.ts';
import { sizesOf } from './gated-chain.ts';
import { kernelsOf, pointerOf, wholeVectors } from './runtime.ts';

/** Floats of a layer's weight and bias in the order in which products read them. */
export function packedFloats(layer: FusedLayer): number {
  const [outputs, inputs] = sizesOf(layer);
  return (inputs + 1) * wholeVectors(outputs);
}

/** One layer over `count` rows from x to y, byte offsets, and SiLU's slope to `slope` (0: not wanted). Its weight is packed into `memory`. */
export function linearStep(backend: WasmBackend, layer: FusedLayer, memory: number) {
  const { linear, pack } = kernelsOf(backend);
  const [outputs, inputs] = sizesOf(layer);
  const { weight, bias, activation } = layer;
  pack(inputs, outputs, pointerOf(backend, weight), 1, inputs, bias === null ? 0 : pointerOf(backend, bias), memory);
  const kind = FUSED_ACTIVATIONS[activation];
  return (count: number, x: number, y: number, slope: number) => linear(count, outputs, inputs, x, memory, kind, y, slope);
}
