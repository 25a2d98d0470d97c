// Writes src/kernels/backend-kernels.ts: which kernels each backend has once Rootstock's own are installed. A test holds the table to the truth.
import { writeFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import { loadBackend } from '../src/kernels/backend.ts';

const entries: string[] = [];
for (const backend of ['cpu', 'wasm'] as const) {
  await loadBackend(backend);
  const names = tf
    .getKernelsForBackend(backend)
    .map(({ kernelName }) => kernelName)
    .sort();
  entries.push(`  ${backend}: new Set(\n    '${names.join(' ')}'.split(\n      ' ',\n    ),\n  ),`);
}
const text = `// Written by ops/backend-kernels.ts.

/**
 * Kernels of the backends that come with Rootstock, by tfjs kernel name, so that a plan can be checked without loading a tensor. What an
 * optional backend has is known only once it is loaded: there the trainer checks.
 */
export const BACKEND_KERNELS: Readonly<Record<'cpu' | 'wasm', ReadonlySet<string>>> = {
${entries.join('\n')}
};
`;
writeFileSync(new URL('../src/kernels/backend-kernels.ts', import.meta.url), text);
