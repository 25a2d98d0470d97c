import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';

// The product's optional backend on TensorFlow's own library, 2.9.1 for CPUs. Its CUDA build has not been tried: it needs CUDA 11.
const repository = fileURLToPath(new URL('..', import.meta.url));

void test('on tensorflow every operation, model, optimizer and resume does what it does on wasm', async (t) => {
  const checkout = await checkoutWithTensorflow(t);
  const folders = ['test/kernels', 'test/ops', 'test/models', 'test/training'];
  const computed = await node(checkout, ['ops/test.mjs', ...folders]);
  assert.equal(computed.code, 0, computed.text);
  const names = computed.text.split('\n').filter((line) => line.includes('on tensorflow'));
  assert.ok(names.length > 150, `only ${names.length} tests ran on tensorflow`);
  assert.deepEqual(
    names.filter((line) => /# skip/i.test(line)),
    [],
  );

  const killed = await node(checkout, ['ops/test.mjs', 'test-deep/digits-killed.test.ts'], { ROOTSTOCK_DEEP_ACCELERATOR: 'gpu' });
  assert.equal(killed.code, 0, killed.text);
  assert.match(killed.text, /✔ the digits example.*accelerator gpu/);
});

async function checkoutWithTensorflow(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'rootstock-tensorflow-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  const made = await node(repository, ['ops/tensorflow-checkout.mjs', join(directory, 'checkout')]);
  assert.equal(made.code, 0, made.text);
  return join(directory, 'checkout');
}

interface Ended {
  readonly code: number | null;
  readonly text: string;
}

function node(cwd: string, words: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  // Without NODE_TEST_CONTEXT: with it a test runner within a test runner reports to nobody.
  const { NODE_TEST_CONTEXT: _, ...own } = process.env;
  const child = spawn(process.execPath, words, {
    cwd,
    env: { ...own, TF_CPP_MIN_LOG_LEVEL: '2', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (part: string) => (text += part));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, text }));
  });
}
