import assert from 'node:assert/strict';
import test from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { RootstockError } from '../../src/errors.ts';
import { resolveAccelerator } from '../../src/kernels/accelerator.ts';
import { loadBackend, missingKernels } from '../../src/kernels/backend.ts';
import { gradientTable } from '../../src/kernels/gradients/install.ts';
import { findPackage, TENSORFLOW_PACKAGES } from '../../src/kernels/packages.ts';
import { probeBackends } from '../../src/kernels/probe.ts';

void test('auto and cpu mean wasm, gpu means tensorflow', () => {
  assert.deepEqual(
    (['auto', 'cpu', 'gpu', 'webgpu'] as const).map((name) => resolveAccelerator(name)),
    ['wasm', 'wasm', 'tensorflow', 'webgpu'],
  );
});

void test('loading a backend makes it active and tells its class, versions and kernels', async () => {
  const wasm = await loadBackend('wasm');
  assert.equal(tf.getBackend(), 'wasm');
  assert.equal(wasm.class, 'wasm-simd');
  const { backend, tfjs, threads, replacedKernels } = wasm.describe();
  assert.deepEqual({ backend, tfjs, threads }, { backend: 'wasm', tfjs: '4.22.0', threads: 1 });
  assert.ok(Array.isArray(replacedKernels) && replacedKernels.includes('Conv2DBackpropFilter'));
  const cpu = await loadBackend('cpu');
  assert.equal(tf.getBackend(), 'cpu');
  assert.equal(cpu.class, 'cpu');
});

void test('loading wasm twice installs the kernels once', async () => {
  const first = await loadBackend('wasm');
  const kernel = tf.getKernel('BatchMatMul', 'wasm')?.kernelFunc;
  const second = await loadBackend('wasm');
  assert.equal(tf.getKernel('BatchMatMul', 'wasm')?.kernelFunc, kernel);
  assert.deepEqual(second.describe(), first.describe());
});

void test('loading wasm leaves no listener on the process: an uncaught error stays what it is', async () => {
  await loadBackend('wasm');
  assert.equal(process.rawListeners('uncaughtException').filter((listener) => String(listener).includes('ExitStatus')).length, 0);
  assert.equal(process.rawListeners('unhandledRejection').filter((listener) => String(listener).includes('throw reason')).length, 0);
});

void test('memory counts the tensors that are alive', async () => {
  const backend = await loadBackend('wasm');
  const before = backend.memory();
  const x = tf.zeros([4]);
  assert.deepEqual(backend.memory(), { numTensors: before.numTensors + 1, numBytes: before.numBytes + 16 });
  x.dispose();
  assert.deepEqual(backend.memory(), before);
});

void test('missing kernels are named', async () => {
  await loadBackend('wasm');
  assert.deepEqual(missingKernels(['Conv2D', 'NoSuchKernel', 'Einsum']), ['Einsum', 'NoSuchKernel']);
});

void test('webgpu is refused as not available', async () => {
  await assert.rejects(loadBackend('webgpu'), (error: unknown) => error instanceof RootstockError && error.code === 'NOT_AVAILABLE');
});

const tensorflowInstalled = TENSORFLOW_PACKAGES.some((name) => findPackage(name) !== undefined);

void test('tensorflow, when absent, is BACKEND_UNAVAILABLE and says how to install it', { skip: tensorflowInstalled }, async () => {
  await assert.rejects(loadBackend('tensorflow'), (error: unknown) => {
    assert.ok(error instanceof RootstockError);
    assert.equal(error.code, 'BACKEND_UNAVAILABLE');
    assert.match(error.message, /tfjs-node-gpu is not installed.*npm install @tensorflow\/tfjs-node-gpu/s);
    return true;
  });
});

void test('probing lists every backend with a reason and loads no tensors', async () => {
  const probes = await probeBackends();
  assert.deepEqual(
    probes.map(({ name }) => name),
    ['wasm', 'cpu', 'tensorflow', 'webgpu'],
  );
  assert.deepEqual(
    probes.filter(({ available }) => available).map(({ name }) => name),
    tensorflowInstalled ? ['wasm', 'cpu', 'tensorflow'] : ['wasm', 'cpu'],
  );
  for (const { why } of probes) assert.match(why, /\.$/);
});

void test('every kernel with a gradient exists on cpu and on wasm', async () => {
  for (const name of ['cpu', 'wasm'] as const) {
    await loadBackend(name);
    assert.deepEqual(missingKernels(Object.keys(gradientTable)), []);
  }
});
