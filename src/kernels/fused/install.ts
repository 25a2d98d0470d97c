import type { WasmModule } from '../wasm/heap.ts';
import type { WasmMemory } from '../wasm/memory.ts';
import { installEdgeLinear } from './edge-linear.ts';
import { installLinear } from './linear.ts';
import { startFusedKernels } from './runtime.ts';
import { installSegments } from './segments.ts';

/** Starts our own kernels on the memory of tfjs's module and registers what they compute, with gradients. A second call changes nothing. */
export function installFusedKernels(module: WasmModule, memory: WasmMemory): void {
  startFusedKernels(module, memory);
  installLinear();
  installEdgeLinear();
  installSegments();
}
