import assert from 'node:assert/strict';
import test from 'node:test';
import { checkRun } from '../../../src/config/check-run.ts';
import { checkSavedConfig } from '../../../src/config/check-saved-config.ts';
import type { Json } from '../../../src/contracts/json.ts';
import { readEgnnSettings } from '../../../src/models/egnn/settings.ts';
import { builtinModels } from '../../../src/models/registry.ts';
import { failure, moleculeRun } from '../../config/helpers.ts';

const WHY = /expected a number other than 0: outputs are multiplied by it, so that every prediction would be scaling_mean/u;

test('a scaling_std of 0, in float32 too, is refused with the reason: the model could only predict its mean', () => {
  for (const scaling_std of [0, -0, 1e-60]) {
    const [issue, ...rest] = checkRun(moleculeRun('egnn_model', { scaling_std }) as Json, builtinModels);
    assert.deepEqual([issue?.path, rest], [['model', 'config', 'scaling_std'], []]);
    assert.match(issue?.text ?? '', WHY);
    const document = { name: 'egnn_model', config: { scaling_std } };
    const error = failure(() => checkSavedConfig(document, { path: 'm', models: builtinModels }));
    assert.equal(error.code, 'CHECKPOINT_INVALID');
    assert.match(error.message, WHY);
    const late = failure(() => readEgnnSettings({ scaling_std }));
    assert.equal(late.code, 'MODEL_CONFIG_INVALID');
    assert.match(late.message, WHY);
  }
});

test('a negative scaling_std, which physicsml takes, stays: it turns the sign of the outputs round', () => {
  assert.deepEqual(checkRun(moleculeRun('egnn_model', { scaling_std: -2 }) as Json, builtinModels), []);
  assert.equal(readEgnnSettings({ scaling_std: -2 }).scalingStd, -2);
});
