import * as tf from '@tensorflow/tfjs-core';
import { RootstockError } from '../errors.ts';
import type { BackendFacts } from './backend-facts.ts';
import { FUSED_KERNELS_SHA256, hasFusedKernels, startFusedKernels } from './fused/runtime.ts';
import { wasmBinaryDirectory } from './packages.ts';
import type { WasmBackend } from './wasm/heap.ts';
import { installTrainingPack, TRAINING_PACK_VERSION } from './wasm/install.ts';
import { collectMemories, memoryOf } from './wasm/memory.ts';

/** Loads tfjs's wasm backend with SIMD and one thread, and installs the training kernels. Throws BACKEND_UNAVAILABLE when it cannot start. */
export async function loadWasm(): Promise<BackendFacts> {
  const wasm = await import('@tensorflow/tfjs-backend-wasm');
  const directory = wasmBinaryDirectory();
  if (directory === undefined) throw unavailable('@tensorflow/tfjs-backend-wasm is not installed');
  if (!(await tf.env().getAsync('WASM_HAS_SIMD_SUPPORT'))) throw unavailable('this JavaScript engine has no WebAssembly SIMD');
  if (tf.findBackend('wasm') === null || tf.getBackend() !== 'wasm') {
    // One thread: the order of additions must not depend on the machine.
    tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
    wasm.setWasmPaths(directory);
    const { result: started, memories } = await collectMemories(() => withoutProcessListeners(() => tf.setBackend('wasm')));
    if (!started) throw unavailable('the WebAssembly module does not start');
    const memory = memoryOf(wasmModule(), memories);
    if (memory !== undefined) startFusedKernels(wasmModule(), memory);
  }
  const kernels = installTrainingPack();
  if (!hasFusedKernels(wasmModule())) throw unavailable("something else in this process has started tfjs's WebAssembly module");
  return {
    class: 'wasm-simd',
    facts: { simd: true, threads: 1, kernelPack: TRAINING_PACK_VERSION, fusedKernels: FUSED_KERNELS_SHA256, replacedKernels: kernels },
  };
}

function wasmModule(): WasmBackend['wasm'] {
  return (tf.backend() as unknown as WasmBackend).wasm;
}

const PROCESS_EVENTS = ['uncaughtException', 'unhandledRejection'] as const;

/**
 * Runs what starts an emscripten module and takes away the process listeners it adds: they throw every uncaught error of this process
 * again from inside the minified module, so that Node prints 200 KB of it and exits with 7.
 */
async function withoutProcessListeners<T>(start: () => Promise<T>): Promise<T> {
  const before = PROCESS_EVENTS.map((event) => new Set(process.rawListeners(event)));
  const result = await start();
  for (const [index, event] of PROCESS_EVENTS.entries()) {
    for (const listener of process.rawListeners(event)) {
      const isEmscriptens = /ExitStatus|throw reason/.test(String(listener));
      if (isEmscriptens && before[index]?.has(listener) === false) process.removeListener(event, listener as () => void);
    }
  }
  return result;
}

function unavailable(reason: string): RootstockError {
  return new RootstockError(
    'BACKEND_UNAVAILABLE',
    `The wasm backend cannot be used here: ${reason}.\nFix: run npm install; "rootstock doctor" shows more.`,
    {
      backend: 'wasm',
      reason,
    },
  );
}
