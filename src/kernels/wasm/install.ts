import * as tf from '@tensorflow/tfjs-core';
import { installAliases } from './alias.ts';
import { installConvolution } from './convolution.ts';
import { installConvolution3d } from './convolution-3d.ts';
import { installCopies } from './copies.ts';
import { keepDataOnIds } from './data-maps.ts';
import { installDepthwise } from './depthwise.ts';
import { installDilation } from './dilation.ts';
import { installGather } from './gather.ts';
import { replacedKernels, type WasmBackend } from './heap.ts';
import { guardMalloc } from './malloc-guard.ts';
import { installMatMul } from './mat-mul.ts';
import { installMaxPool } from './max-pool.ts';
import { installSamePadding } from './same-padding.ts';
import { installSum } from './sum.ts';

/** Raised whenever a kernel of the pack changes a bit of any result (numericsVersion of the stage keys has to rise with it). */
export const TRAINING_PACK_VERSION = 1;

/**
 * Makes tfjs's wasm backend, which is for inference, one that can train: adds the gradient kernels it lacks, replaces those that are
 * silently wrong in 4.22 or slow, and makes a full heap an error. The wasm backend must be active. Results are a pure function of the
 * inputs: the same bits in every run. Returns the names of all replaced and added kernels. A second call changes nothing.
 */
export function installTrainingPack(): readonly string[] {
  guardMalloc((tf.backend() as unknown as WasmBackend).wasm);
  keepDataOnIds(tf.backend() as unknown as WasmBackend);
  installAliases();
  installCopies();
  installGather();
  installSum();
  installMatMul();
  installSamePadding();
  installConvolution();
  installDepthwise();
  installMaxPool();
  installDilation();
  installConvolution3d();
  return replacedKernels();
}
