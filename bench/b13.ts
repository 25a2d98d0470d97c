import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { openFsStore } from '../src/artifacts/fs-store.ts';
import { type Benchmark, measurePairs } from './benchmark.ts';
import { runChild } from './child.ts';
import type { LoadJob, TfjsSpec } from './load-child.ts';

const [TENSORS, SIDE] = [64, 2048];
const TENSOR_BYTES = SIDE * SIDE * 4;
const MODEL_BYTES = TENSORS * TENSOR_BYTES;

/** How much memory loading a model takes. */
export const b13: Benchmark = {
  id: 'B13',
  title: 'load memory',
  measures: '(peak - base resident memory) / model bytes while loading 1 GiB of safetensors (64 tensors of 16 MiB)',
  against: 'tf.io.decodeWeights on the cpu backend, from one buffer that was read without a further copy',
  unit: 'ratio',
  absoluteUnit: 'MiB',
  target: 1.05,
  stretch: 1.02,
  secondsPerPair: 10,
  async run({ samples, directory, say }) {
    const file = await writeSparseModel(join(directory, 'model.safetensors'));
    const location = join(directory, 'store');
    say('putting 1 GiB into a store');
    const ref = await (await openFsStore(location)).put(createReadStream(file.path, { highWaterMark: 4 * 2 ** 20 }));
    const tfjs: LoadJob = { how: 'tfjs', ...file };
    const ways = [
      ['file', { how: 'file', path: file.path }, 'readSafetensors of a file.'],
      ['store', { how: 'store', store: location, ref }, 'loadWeights from the store, every byte checked against its SHA-256.'],
    ] as const;
    const measurements = [];
    for (const [label, job, note] of ways) {
      const pairs = await measurePairs(samples, { ours: () => risenMiB(job), baseline: () => risenMiB(tfjs) });
      // The figure is held against the model's size; decodeWeights stands beside it.
      const model = MODEL_BYTES / 2 ** 20;
      const against = pairs.map(({ baseline }) => ((baseline ?? 0) / model).toFixed(2));
      measurements.push({
        label,
        samples: pairs.map(({ ours, baseline }) => ({ value: ours / model, ours, baseline })),
        notes: [note, `decodeWeights in the same run: ${against.join(', ')} times the model. The file is sparse: its bytes are zeros.`],
      });
    }
    return measurements;
  },
};

/** How far resident memory rises in a fresh process. */
async function risenMiB(job: LoadJob): Promise<number> {
  const { baseBytes, peakBytes, elements } = await runChild('load', job);
  if (elements * 4 !== MODEL_BYTES) throw new Error(`${job.how}: loaded ${elements} scalars, expected ${MODEL_BYTES / 4}`);
  return (peakBytes - baseBytes) / 2 ** 20;
}

async function writeSparseModel(
  path: string,
): Promise<{ readonly path: string; readonly headerBytes: number; readonly specs: readonly TfjsSpec[] }> {
  const names = Array.from({ length: TENSORS }, (_, index) => `layers.${String(index).padStart(2, '0')}.weight`);
  const entries = names.map((name, index) => {
    const offsets = [index * TENSOR_BYTES, (index + 1) * TENSOR_BYTES];
    return [name, { dtype: 'F32', shape: [SIDE, SIDE], data_offsets: offsets }] as const;
  });
  const text = JSON.stringify({ __metadata__: { format: 'pt' }, ...Object.fromEntries(entries) });
  const header = Buffer.from(text.padEnd(Math.ceil(text.length / 8) * 8), 'utf8');
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  const file = await open(path, 'w');
  try {
    await file.writeFile(Buffer.concat([length, header]));
    await file.truncate(8 + header.length + MODEL_BYTES);
  } finally {
    await file.close();
  }
  return { path, headerBytes: 8 + header.length, specs: names.map((name) => ({ name, shape: [SIDE, SIDE] })) };
}
