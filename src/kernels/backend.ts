import * as tf from '@tensorflow/tfjs-core';
import type { JsonObject } from '../contracts/json.ts';
import type { BackendName } from '../contracts/plan.ts';
import { RootstockError } from '../errors.ts';
import type { BackendFacts } from './backend-facts.ts';
import { installGradients } from './gradients/install.ts';
import { loadTensorflow } from './tensorflow-backend.ts';
import { loadWasm } from './wasm-backend.ts';

/** The backend that is active in this process. */
export interface LoadedBackend {
  readonly name: BackendName;
  /** Backends of one class give the same bits; part of every stage key, and of the check on resume. */
  readonly class: string;
  /** Versions and kernels, for a snapshot's envelope. */
  describe(): JsonObject;
  /** Tensors alive and their bytes. */
  memory(): { readonly numTensors: number; readonly numBytes: number };
}

/**
 * Loads a backend and makes it tfjs's active one; loading it again is cheap. Errors: BACKEND_UNAVAILABLE (says how to get it),
 * NOT_AVAILABLE for webgpu. A retry helps with neither.
 */
export async function loadBackend(name: BackendName): Promise<LoadedBackend> {
  quietTfjs();
  const loaded = await LOADERS[name]();
  // After the backend: tfjs-node brings tfjs's own gradients along.
  installGradients();
  const description: JsonObject = {
    backend: name,
    class: loaded.class,
    tfjs: tf.version_core,
    node: process.versions.node,
    v8: process.versions.v8,
    ...loaded.facts,
  };
  return {
    name,
    class: loaded.class,
    describe: () => description,
    memory: () => {
      const { numTensors, numBytes } = tf.memory();
      return { numTensors, numBytes };
    },
  };
}

/** Which of these kernels the active backend lacks; sorted. Empty means that it can run them all. */
export function missingKernels(names: readonly string[]): readonly string[] {
  const backend = tf.getBackend();
  return names.filter((name) => tf.getKernel(name, backend) === undefined).sort();
}

const LOADERS: Readonly<Record<BackendName, () => Promise<BackendFacts>>> = {
  wasm: loadWasm,
  cpu: loadCpu,
  tensorflow: loadTensorflow,
  webgpu: refuseWebgpu,
};

async function loadCpu(): Promise<BackendFacts> {
  await import('@tensorflow/tfjs-backend-cpu');
  await tf.setBackend('cpu');
  return { class: 'cpu', facts: {} };
}

function refuseWebgpu(): Promise<BackendFacts> {
  return Promise.reject(
    new RootstockError(
      'NOT_AVAILABLE',
      'The webgpu backend is not available yet.\nFix: set trainer.accelerator: auto (wasm) or gpu (tensorflow).',
      {
        backend: 'webgpu',
      },
    ),
  );
}

/** Production mode only silences the banner that advises tfjs-node and skips debug checks; the numbers stay the same. */
function quietTfjs(): void {
  tf.env().set('PROD', true);
}
