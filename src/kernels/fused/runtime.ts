import { createHash } from 'node:crypto';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { WasmBackend, WasmModule } from '../wasm/heap.ts';
import { type WasmMemory, webAssembly } from '../wasm/memory.ts';
import { FUSED_KERNELS_BASE64 } from './binary.ts';

/** A kernel of assembly/: pointers and counts, all numbers. */
type Kernel = (...values: readonly number[]) => number;

/** The kernels of assembly/index.as by name. */
export type KernelName =
  | 'activationGradient'
  | 'addColumnSums'
  | 'addGatedToSegments'
  | 'addToSegments'
  | 'addTransposedProducts'
  | 'clear'
  | 'columnSum'
  | 'copyColumns'
  | 'copyPadded'
  | 'copyTransposed'
  | 'edgeCombine'
  | 'edgeVectors'
  | 'gatedGradients'
  | 'gatedRows'
  | 'gatedSegmentSum'
  | 'gatherRows'
  | 'lengths'
  | 'lengthsGradient'
  | 'linear'
  | 'multiply'
  | 'pack'
  | 'prepare'
  | 'rowProducts'
  | 'segmentSum'
  | 'tableBytes';

/** Our own WebAssembly module on the memory of tfjs's. */
interface FusedRuntime {
  readonly kernels: Readonly<Record<KernelName, Kernel>>;
  /** Working memory between calls; grown when a call needs more. */
  scratch: { readonly pointer: number; readonly byteLength: number };
}

const runtimes = new WeakMap<WasmModule, FusedRuntime>();

/** SHA-256 of the compiled kernels: equal digests give equal bits. */
export const FUSED_KERNELS_SHA256 = createHash('sha256').update(Buffer.from(FUSED_KERNELS_BASE64, 'base64')).digest('hex');

/** Puts the compiled kernels onto the memory of tfjs's module. A second call for one module does nothing. */
export function startFusedKernels(module: WasmModule, memory: WasmMemory): void {
  if (runtimes.has(module)) return;
  const compiled = new webAssembly.Module(Buffer.from(FUSED_KERNELS_BASE64, 'base64'));
  // The module has no data and no stack in memory: starting it writes nothing.
  const { exports } = new webAssembly.Instance(compiled, { env: { memory } });
  const kernels = exports as unknown as FusedRuntime['kernels'];
  kernels.prepare(module._malloc(kernels.tableBytes()));
  runtimes.set(module, { kernels, scratch: { pointer: 0, byteLength: 0 } });
}

/** Whether the kernels are there for this module. */
export function hasFusedKernels(module: WasmModule): boolean {
  return runtimes.has(module);
}

/** The kernels by name, for loops that hand over places in memory as they are. */
export function kernelsOf(backend: WasmBackend): Readonly<Record<KernelName, Kernel>> {
  return runtimeOf(backend).kernels;
}

/** Runs one kernel. Tensors stand for their place in memory, null for none; numbers are counts. */
export function callKernel(backend: WasmBackend, name: KernelName, ...values: readonly (TensorInfo | number | null)[]): number {
  const numbers = values.map((value) => (typeof value === 'number' ? value : value === null ? 0 : pointerOf(backend, value)));
  return runtimeOf(backend).kernels[name](...numbers);
}

/** Where a tensor, or its element at an offset, lies in memory. Stays valid when the memory grows. */
export function pointerOf(backend: WasmBackend, { dataId }: TensorInfo, offset = 0): number {
  return (backend.getMemoryOffset(dataId) >>> 0) + 4 * offset;
}

/** Working memory for so many floats, until the next call of this function. */
export function scratchFloats(backend: WasmBackend, count: number): number {
  const runtime = runtimeOf(backend);
  const byteLength = 4 * count;
  if (runtime.scratch.byteLength < byteLength) {
    if (runtime.scratch.byteLength > 0) backend.wasm._free(runtime.scratch.pointer);
    runtime.scratch = { pointer: 0, byteLength: 0 };
    runtime.scratch = { pointer: backend.wasm._malloc(byteLength) >>> 0, byteLength };
  }
  return runtime.scratch.pointer;
}

/** Working memory in several areas, one per count of floats, until the next call of this function or of `scratchFloats`. */
export function scratchAreas(backend: WasmBackend, counts: readonly number[]): readonly number[] {
  const starts: number[] = [];
  let total = 0;
  for (const count of counts) {
    starts.push(total);
    total += wholeVectors(count);
  }
  const first = scratchFloats(backend, total);
  return starts.map((start) => first + 4 * start);
}

/** Next multiple of four: kernels work on vectors of four floats. */
export function wholeVectors(count: number): number {
  return (count + 3) & ~3;
}

/** Hands out places for floats one behind the other, each in whole vectors: bytes from where the memory begins. */
export function countPlaces() {
  let total = 0;
  return {
    take(count: number): number {
      const place = 4 * total;
      total += wholeVectors(count);
      return place;
    },
    /** Floats handed out. */
    floats: (): number => total,
  };
}

function runtimeOf(backend: WasmBackend): FusedRuntime {
  const runtime = runtimes.get(backend.wasm);
  if (runtime === undefined) throw new Error('the fused kernels were not started');
  return runtime;
}
