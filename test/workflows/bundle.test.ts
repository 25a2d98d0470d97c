import assert from 'node:assert/strict';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';

test('the workflow bundle holds neither zod nor tensors nor Node built-ins', async () => {
  const workflowsPath = fileURLToPath(new URL('../../workflows/index.ts', import.meta.url));
  const { code } = await bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('ERROR') });
  for (const foreign of ['node_modules/zod', 'node_modules/@tensorflow', 'node_modules/yaml', 'node_modules/@duckdb']) {
    assert.equal(code.includes(foreign), false, `${foreign} is in the bundle`);
  }
  assert.match(code, /transferLearning/u, 'the workflow itself is there');
});
