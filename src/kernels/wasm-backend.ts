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
    if (!(await tf.setBackend('wasm'))) throw unavailable('the WebAssembly module does not start');
  }
  const kernels = installTrainingPack();
  return { class: 'wasm-simd', facts: { simd: true, threads: 1, kernelPack: TRAINING_PACK_VERSION, replacedKernels: kernels } };
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
