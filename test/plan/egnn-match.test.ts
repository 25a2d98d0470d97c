import assert from 'node:assert/strict';
import test from 'node:test';
import { z } from 'zod';
import type { JsonObject } from '../../src/contracts/json.ts';
import { egnnModel } from '../../src/models/egnn/egnn-model.ts';
import { planInitial } from '../../src/plan/initial.ts';
import { smallFacts } from '../models/egnn/cases.ts';
import { hasCode } from '../models/support.ts';

const { version: definitionVersion, task, defaults } = egnnModel;

function modelOf(hyperparameters: JsonObject) {
  const facts = smallFacts();
  const config = egnnModel.hyperparameters(z).parse({ y_graph_scalars_loss_config: { name: 'MSELoss' }, ...hyperparameters }) as JsonObject;
  return { definitionVersion, task, defaults, config, facts, tree: egnnModel.describe(config, facts) };
}

function plan(before: JsonObject, now: JsonObject) {
  const { tree, config } = modelOf(before);
  const preTrained = {
    source: { kind: 'model', path: '/models/lumo', weightsSha256: 'f'.repeat(64) },
    tensors: tree.tensors,
    modelConfig: { name: 'egnn_model', config },
  } as const;
  return planInitial(modelOf(now), preTrained, { egnn: 'egnn' });
}

void test('an EGNN of another width or depth is refused with both values of each hyperparameter', () => {
  assert.throws(
    () => plan({ c_hidden: 12, num_layers: 2 }, { c_hidden: 16, num_layers: 2 }),
    hasCode('SHAPE_MISMATCH', /configured differently: c_hidden was 12 in the pre-trained model, is 16 here\.\nFix: /),
  );
  assert.throws(
    () => plan({ c_hidden: 12, num_layers: 2 }, { c_hidden: 12, num_layers: 3 }),
    hasCode(
      'MODULE_NOT_FOUND',
      /num_layers was 2 in the pre-trained model, is 3 here\.\nFix: for the same model set num_layers: 2 in model\.config; for another one name /,
    ),
  );
  assert.throws(
    () => plan({ c_hidden: 12, num_rbf: 4 }, { c_hidden: 12 }),
    hasCode('MODULE_NOT_FOUND', /num_rbf was 4 in the pre-trained model, is 0 here/),
  );
});

void test('what does not change the body may differ', () => {
  assert.equal(plan({ c_hidden: 12, pool_type: 'mean' }, { c_hidden: 12, scaling_std: 2, num_node_feats: 2 }).kind, 'pre_trained');
});
