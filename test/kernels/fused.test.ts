import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs-core';
import { loadBackend } from '../../src/kernels/backend.ts';
import { fusedLinear } from '../../src/kernels/fused/linear.ts';
import { FUSED_KERNELS_SHA256 } from '../../src/kernels/fused/runtime.ts';
import { backendClass } from '../../src/training/store-snapshot-sink.ts';

const folder = fileURLToPath(new URL('../../src/kernels/fused/', import.meta.url));

test('the committed kernels are what their sources compile to, byte for byte', async () => {
  // By a variable: ops/ is plain JavaScript, outside the type checker.
  const builder = '../../ops/fused-kernels.mjs';
  const { binaryModule, compileFusedKernels } = (await import(builder)) as {
    readonly compileFusedKernels: () => Promise<Buffer>;
    readonly binaryModule: (bytes: Buffer) => string;
  };
  assert.equal(
    readFileSync(`${folder}binary.ts`, 'utf8'),
    binaryModule(await compileFusedKernels()),
    'run: node ops/fused-kernels.mjs (results change: raise NUMERICS_VERSION)',
  );
});

test('no kernel uses relaxed SIMD, so that every engine gives the same bits', () => {
  for (const name of readdirSync(`${folder}assembly`))
    assert.doesNotMatch(readFileSync(`${folder}assembly/${name}`, 'utf8'), /relaxed_/, name);
});

test('snapshots name the kernels that made them', async () => {
  const wasm = await loadBackend('wasm');
  assert.equal(wasm.describe()['fusedKernels'], FUSED_KERNELS_SHA256);
  assert.equal(backendClass(wasm.describe()), `wasm-simd/1/${FUSED_KERNELS_SHA256.slice(0, 12)}`);
});

test('the kernels find their tensors after the memory has grown', async () => {
  await loadBackend('wasm');
  const multiply = () => tf.tidy(() => fusedLinear(tf.ones([3, 5]), tf.ones([2, 5]), null, 'Identity'));
  const before = multiply().dataSync();
  // 64 MiB: four times what the module starts with.
  const large = tf.zeros([64, 2 ** 18]);
  assert.deepEqual(multiply().dataSync(), before);
  assert.deepEqual([...before], Array(6).fill(5));
  large.dispose();
});
