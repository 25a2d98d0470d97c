import type { KernelFunc, NamedAttrMap, NamedTensorInfoMap, TensorInfo } from '@tensorflow/tfjs-core';
import { getKernel, registerKernel, unregisterKernel } from '@tensorflow/tfjs-core';
import { RootstockError } from '../../errors.ts';

/** What the kernels here use of tfjs's BackendWasm (4.22). Memory of `makeOutput` is not zeroed; it may move the heap, so views come after it. */
export interface WasmBackend {
  makeOutput(shape: readonly number[], dtype: TensorInfo['dtype']): TensorInfo;
  typedArrayFromHeap(info: TensorInfo): Float32Array | Int32Array | Uint8Array;
  disposeData(dataId: object, force?: boolean): boolean;
  incRef(dataId: object): void;
  /** Byte offset in memory; may be negative above 2 GiB. */
  getMemoryOffset(dataId: object): number;
  readonly wasm: WasmModule;
}

/** The emscripten module below the backend. */
export interface WasmModule {
  _malloc: (byteLength: number) => number;
  readonly _free: (pointer: number) => void;
  readonly HEAPU8: Uint8Array;
}

/** The whole memory, as numbers of 32 bits. */
export interface WholeHeap {
  readonly floats: Float32Array;
  readonly ints: Int32Array;
}

/** Made once: a view of each small tensor takes longer than a loop over it. */
let known: WholeHeap = { floats: new Float32Array(0), ints: new Int32Array(0) };

/** Views of the whole memory; the next allocation may detach them. A byte offset is four times a position in them. */
export function wholeHeap({ HEAPU8 }: Pick<WasmModule, 'HEAPU8'>): WholeHeap {
  const buffer = HEAPU8.buffer as ArrayBuffer;
  if (known.floats.buffer !== buffer) known = { floats: new Float32Array(buffer), ints: new Int32Array(buffer) };
  return known;
}

/** A kernel as it is written here: typed inputs and attributes; tfjs checks neither. */
export interface KernelCall<Inputs, Attributes> {
  readonly inputs: Inputs;
  readonly attrs: Attributes;
  readonly backend: WasmBackend;
}

/** Names of the kernels that replaceKernel has put in place, in this process. */
const replaced = new Set<string>();

/** Kernels as tfjs registered them, kept from the moment of replacement. */
const stock = new Map<string, KernelFunc>();

/** Registers a kernel for the wasm backend in place of tfjs's (whose setup stays), or as a new one. A second call does nothing. */
export function replaceKernel<Inputs, Attributes>(
  name: string,
  kernel: (call: KernelCall<Inputs, Attributes>) => TensorInfo | TensorInfo[],
): void {
  if (replaced.has(name)) return;
  const old = getKernel(name, 'wasm');
  // The registry is untyped; each kernel states what its inputs and attributes are.
  const kernelFunc = kernel as unknown as KernelFunc;
  if (old === undefined) {
    registerKernel({ kernelName: name, backendName: 'wasm', kernelFunc });
  } else {
    stock.set(name, old.kernelFunc);
    unregisterKernel(name, 'wasm');
    registerKernel({ ...old, kernelFunc });
  }
  replaced.add(name);
}

/** Names of all replaced and added kernels, sorted. */
export function replacedKernels(): readonly string[] {
  return [...replaced].sort();
}

/** Runs tfjs's own kernel, below any replacement. The caller owns the result. */
export function runStock(name: string, call: KernelCall<NamedTensorInfoMap, NamedAttrMap>): TensorInfo {
  return run(stock.get(name) ?? registered(name), call);
}

/** Runs a kernel as registered now, a replacement included. The caller owns the result: give it back by `release`. */
export function runKernel(name: string, call: KernelCall<NamedTensorInfoMap, NamedAttrMap>): TensorInfo {
  return run(registered(name), call);
}

/** Gives intermediate results back to the heap. */
export function release(backend: WasmBackend, ...infos: readonly TensorInfo[]): void {
  for (const { dataId } of infos) backend.disposeData(dataId);
}

/** The same data under another shape, without a reference of its own: valid as long as the original is. */
export function withShape(info: TensorInfo, shape: readonly number[]): TensorInfo {
  return { dataId: info.dataId, dtype: info.dtype, shape: [...shape] };
}

/** The same data as a result of its own. */
export function alias(backend: WasmBackend, info: TensorInfo, shape: readonly number[] = info.shape): TensorInfo {
  backend.incRef(info.dataId);
  return withShape(info, shape);
}

/** A view of a float32 tensor on the heap; the next allocation may detach it. */
export function floats(backend: WasmBackend, info: TensorInfo): Float32Array {
  return backend.typedArrayFromHeap(info) as Float32Array;
}

/** A view of an int32 tensor on the heap; the next allocation may detach it. */
export function ints(backend: WasmBackend, info: TensorInfo): Int32Array {
  return backend.typedArrayFromHeap(info) as Int32Array;
}

/** Number of elements. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}

/** Refuses a case that no kernel here computes rightly: KERNEL_MISSING, by name. */
export function refuse(name: string, reason: string): never {
  throw new RootstockError(
    'KERNEL_MISSING',
    `The wasm backend has no kernel ${name} for ${reason}.\nFix: avoid it in the model, or use another backend (trainer.backend: cpu or tensorflow).`,
    { kernel: name, reason },
  );
}

function registered(name: string): KernelFunc {
  const kernel = getKernel(name, 'wasm');
  if (kernel === undefined) return refuse(name, 'this operation');
  return kernel.kernelFunc;
}

function run(kernelFunc: KernelFunc, { inputs, attrs, backend }: KernelCall<NamedTensorInfoMap, NamedAttrMap>): TensorInfo {
  return kernelFunc({ inputs, attrs, backend }) as TensorInfo;
}
