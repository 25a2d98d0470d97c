import { open } from 'node:fs/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import * as tf from '@tensorflow/tfjs-core';
import { openFsStore } from '../src/artifacts/fs-store.ts';
import { readSafetensors } from '../src/artifacts/safetensors/read.ts';
import { loadWeights } from '../src/artifacts/safetensors/weights-blob.ts';
import type { Ref } from '../src/contracts/refs.ts';
import { loadBackend } from '../src/kernels/backend.ts';

/** Loads weights in one of three ways. */
export type LoadJob =
  | { readonly how: 'file'; readonly path: string }
  | { readonly how: 'store'; readonly store: string; readonly ref: Ref }
  /** tf.io.decodeWeights of the same tensors, on the cpu backend, which keeps them in JavaScript arrays as the others do. */
  | { readonly how: 'tfjs'; readonly path: string; readonly headerBytes: number; readonly specs: readonly TfjsSpec[] };

/** A tensor of a tfjs weights manifest. */
export interface TfjsSpec {
  readonly name: string;
  readonly shape: readonly number[];
}

/** Resident memory before and at its highest; bytes. */
export interface LoadResult {
  readonly baseBytes: number;
  readonly peakBytes: number;
  /** Scalars that were loaded. */
  readonly elements: number;
  readonly ms: number;
}

/** Loads, and reports how far resident memory rose above what the process had before. */
export async function measureLoad(job: LoadJob): Promise<LoadResult> {
  if (job.how === 'tfjs') await loadBackend('cpu');
  collectGarbage();
  const baseBytes = process.memoryUsage.rss();
  const started = performance.now();
  const elements = await load(job);
  const ms = performance.now() - started;
  // Kilobytes on every platform (libuv normalises them).
  return { baseBytes, peakBytes: process.resourceUsage().maxRSS * 1024, elements, ms };
}

/** Garbage of loading modules would count as base, and be reused by what is measured. */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc()');
}

async function load(job: LoadJob): Promise<number> {
  if (job.how === 'tfjs') {
    const data = await readAfterHeader(job.path, job.headerBytes);
    const tensors = tf.io.decodeWeights(
      data,
      job.specs.map(({ name, shape }) => ({ name, shape: [...shape], dtype: 'float32' })),
    );
    return Object.values(tensors).reduce((sum, { size }) => sum + size, 0);
  }
  const weights = job.how === 'file' ? (await readSafetensors(job.path)).weights : await loadWeights(await openFsStore(job.store), job.ref);
  return [...weights.values()].reduce((sum, { data }) => sum + data.length, 0);
}

/** Straight into one buffer: what decodeWeights wants, without a further copy that would be no fault of its own. */
async function readAfterHeader(path: string, headerBytes: number): Promise<ArrayBuffer> {
  const file = await open(path);
  try {
    const bytes = new Uint8Array((await file.stat()).size - headerBytes);
    const chunk = 64 * 2 ** 20;
    for (let done = 0; done < bytes.byteLength; ) {
      const { bytesRead } = await file.read(bytes, done, Math.min(chunk, bytes.byteLength - done), headerBytes + done);
      if (bytesRead === 0) throw new Error(`${path} ended early`);
      done += bytesRead;
    }
    return bytes.buffer;
  } finally {
    await file.close();
  }
}
