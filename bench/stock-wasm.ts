import * as tf from '@tensorflow/tfjs-core';
import { installGradients } from '../src/kernels/gradients/install.ts';
import { wasmBinaryDirectory } from '../src/kernels/packages.ts';
import type { Optimizer } from '../src/training/optimizers/optimizer.ts';

/**
 * Starts tfjs's wasm backend as it comes from npm: SIMD, one thread, none of our kernels. The gradients are ours, because tfjs-core's Node
 * build registers none; they call the same kernels as tfjs's own.
 */
export async function loadStockWasm(): Promise<void> {
  tf.env().set('PROD', true);
  const wasm = await import('@tensorflow/tfjs-backend-wasm');
  tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
  wasm.setWasmPaths(wasmBinaryDirectory() ?? '');
  if (!(await tf.setBackend('wasm'))) throw new Error('the stock wasm backend does not start');
  installGradients();
}

const [BETA1, BETA2, EPSILON] = [0.9, 0.999, 1e-8];

/** torch.optim.Adam with its defaults, composed of tfjs operations, as one would write it on stock tfjs. */
export function stockAdam(): Optimizer {
  return {
    name: 'Adam',
    baseLrs: [],
    groupOf: () => 0,
    slotNames: () => ['m', 'v'],
    initialState: ({ shape }) => ({ m: tf.zeros([...shape]), v: tf.zeros([...shape]) }),
    update({ parameter, gradient, slots, step, lr }) {
      const m = tf.add(tf.mul(slots['m'] as tf.Tensor, BETA1), tf.mul(gradient, 1 - BETA1));
      const v = tf.add(tf.mul(slots['v'] as tf.Tensor, BETA2), tf.mul(tf.square(gradient), 1 - BETA2));
      const root = tf.add(tf.sqrt(tf.mul(v, 1 / (1 - BETA2 ** step))), EPSILON);
      const move = tf.mul(tf.div(m, root), -lr / (1 - BETA1 ** step));
      return { parameter: tf.add(parameter, move), slots: { m, v } };
    },
  };
}
