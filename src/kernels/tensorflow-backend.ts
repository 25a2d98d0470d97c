import util from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import { RootstockError } from '../errors.ts';
import type { BackendFacts } from './backend-facts.ts';
import { findPackage, TENSORFLOW_ADVICE, TENSORFLOW_PACKAGES } from './packages.ts';
import { installExplicitPadding } from './tensorflow/explicit-padding.ts';

/** The part of tfjs-node's backend that tells a GPU build from a CPU build. */
interface NodeBackend {
  readonly isUsingGpuDevice?: boolean;
}

/** Loads TensorFlow's native library: @tensorflow/tfjs-node-gpu, else @tensorflow/tfjs-node. Throws BACKEND_UNAVAILABLE with the reason of each. */
export async function loadTensorflow(): Promise<BackendFacts> {
  restoreRemovedUtilities();
  const reasons: string[] = [];
  for (const name of TENSORFLOW_PACKAGES) {
    const installed = findPackage(name);
    if (installed === undefined) {
      reasons.push(`${name} is not installed`);
      continue;
    }
    try {
      await import(name);
      await tf.setBackend('tensorflow');
      installExplicitPadding();
      const gpu = (tf.backend() as NodeBackend).isUsingGpuDevice === true;
      return { class: gpu ? 'tensorflow-gpu' : 'tensorflow-cpu', facts: { package: name, packageVersion: installed.version, gpu } };
    } catch (error) {
      reasons.push(`${name} does not load: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`);
    }
  }
  throw new RootstockError(
    'BACKEND_UNAVAILABLE',
    `The tensorflow backend (trainer.accelerator: gpu) cannot be used here: ${reasons.join('; ')}.\nFix: ${TENSORFLOW_ADVICE}`,
    { backend: 'tensorflow', reasons },
  );
}

/** tfjs-node 4.22 calls two functions that Node 23 removed (tensorflow/tfjs issue 8425); this can go with its next release. */
function restoreRemovedUtilities(): void {
  const utilities: { isNullOrUndefined?: unknown; isArray?: unknown } = util;
  utilities.isNullOrUndefined ??= (value: unknown) => value === null || value === undefined;
  utilities.isArray ??= Array.isArray;
}
