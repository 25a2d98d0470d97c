import { engine } from '@tensorflow/tfjs-core';
import type { WasmBackend } from './heap.ts';

/** What tfjs uses of a WeakMap. Keys are the data ids of tensors: objects that a backend makes for nothing else. */
interface DataMap {
  has(dataId: DataId): boolean;
  get(dataId: DataId): unknown;
  set(dataId: DataId, value: unknown): unknown;
  delete(dataId: DataId): boolean;
}

interface DataId {
  wasmData?: unknown;
  tensorInfo?: unknown;
}

/** Where tfjs-core 4.22 and its wasm backend keep what they know of the data of tensors. */
interface Holders {
  readonly backend: { readonly dataIdMap: { data: DataMap; numDataIds(): number } };
  readonly state: { tensorInfo: DataMap; readonly numDataBuffers: number };
}

/**
 * Puts what tfjs knows of data onto the data ids themselves instead of into two WeakMaps, which take a third of the time of making and freeing a small
 * tensor. Maps that hold something already stay as they are.
 */
export function keepDataOnIds(backend: WasmBackend): void {
  const holders = { backend, state: engine().state } as unknown as Holders;
  if (holders.backend.dataIdMap.numDataIds() === 0) holders.backend.dataIdMap.data = onWasmData;
  if (holders.state.numDataBuffers === 0) holders.state.tensorInfo = onTensorInfo;
}

// One object for each property: V8 would not know which one is meant in code that both share.

const onWasmData: DataMap = {
  has: ({ wasmData }) => wasmData !== undefined,
  get: ({ wasmData }) => wasmData,
  set(dataId, value) {
    dataId.wasmData = value;
    return this;
  },
  delete(dataId) {
    const had = dataId.wasmData !== undefined;
    dataId.wasmData = undefined;
    return had;
  },
};

const onTensorInfo: DataMap = {
  has: ({ tensorInfo }) => tensorInfo !== undefined,
  get: ({ tensorInfo }) => tensorInfo,
  set(dataId, value) {
    dataId.tensorInfo = value;
    return this;
  },
  delete(dataId) {
    const had = dataId.tensorInfo !== undefined;
    dataId.tensorInfo = undefined;
    return had;
  },
};
