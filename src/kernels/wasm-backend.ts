import * as tf from '@tensorflow/tfjs-core';
import { RootstockError } from '../errors.ts';
import type { BackendFacts } from './backend.ts';
import { wasmBinaryDirectory } from './packages.ts';
import { installTrainingPack, TRAINING_PACK_VERSION } from './wasm/install.ts';

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
    const started = await withoutProcessListeners(() => tf.setBackend('wasm'));
    if (!started) throw unavailable('the WebAssembly module does not start');
  }
  const kernels = installTrainingPack();
  return { class: 'wasm-simd', facts: { simd: true, threads: 1, kernelPack: TRAINING_PACK_VERSION, replacedKernels: kernels } };
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
