import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import type { JsonObject } from '../../src/contracts/json.ts';
import { makeDirectory, planFile, runDocument, writeModel, writeRun } from './support.ts';

test('a pre-trained model with a wrong value or a slip of a key is refused, and keys of other versions are a warning of the plan', async (t) => {
  const directory = await makeDirectory(t);
  const model = await writeModel(directory, 'model');
  const run = await writeRun(directory, 'run.json', runDocument({ preTrained: 'model' }));
  const planWith = async (config: JsonObject) => {
    await writeFile(join(model, 'model_config.json'), JSON.stringify({ name: 'mlp_regressor', config }));
    return planFile(run);
  };
  const before = (await planWith({ hidden_dim: 3 })).plan.warnings;
  await assert.rejects(planWith({ hidden_dim: '3' }), { code: 'CHECKPOINT_INVALID', message: /config\.hidden_dim: [^\n]*received "3"/u });
  await assert.rejects(planWith({ hidden_dim: 3, datamodule: { predict: { batch_size: 0 } } }), { code: 'CHECKPOINT_INVALID' });
  await assert.rejects(planWith({ hidden_dim: 3, activatoin: 'ReLU' }), { message: /Did you mean "activation"\?/u });
  const [warning = '', ...rest] = (await planWith({ hidden_dim: 3, from_the_future: 1 })).plan.warnings;
  assert.match(warning, /model_config\.json" has a key that is not known here and has no effect: config\.from_the_future\.$/u);
  assert.deepEqual(rest, before);
});
