import assert from 'node:assert/strict';
import test from 'node:test';
import { z } from 'zod';
import type { NeighbourPlan } from '../../src/contracts/graphs.ts';
import type { JsonObject } from '../../src/contracts/json.ts';
import type { DataRequest, ModulesToMatch } from '../../src/contracts/plan.ts';
import { adapterEgnnModel } from '../../src/models/egnn/adapter-egnn-model.ts';
import { egnnModel } from '../../src/models/egnn/egnn-model.ts';
import { meanVarEgnnModel } from '../../src/models/egnn/mean-var-egnn-model.ts';
import { ssfEgnnModel } from '../../src/models/egnn/ssf-egnn-model.ts';
import { findModel } from '../../src/models/registry.ts';
import { planInitial } from '../../src/plan/initial.ts';
import { matchWarnings } from '../../src/plan/match-warnings.ts';
import { smallFacts } from '../models/egnn/cases.ts';

const { version: definitionVersion, task, defaults } = egnnModel;
const NEIGHBOURS: NeighbourPlan = { cutOff: 5, selfInteraction: false, cell: null };

function modelOf(hyperparameters: JsonObject, definition = egnnModel) {
  const facts = smallFacts();
  const written = definition === meanVarEgnnModel ? {} : { y_graph_scalars_loss_config: { name: 'MSELoss' } };
  const config = definition.hyperparameters(z).parse({ c_hidden: 12, num_layers: 1, ...written, ...hyperparameters }) as JsonObject;
  const { computationKeys } = definition;
  return { definitionVersion, task, defaults, config, facts, tree: definition.describe(config, facts), computationKeys };
}

interface Match {
  readonly before?: JsonObject;
  readonly now?: JsonObject;
  readonly datamodule?: JsonObject;
  readonly neighbours?: Partial<NeighbourPlan>;
  readonly mapping?: ModulesToMatch | null;
  readonly definition?: typeof egnnModel;
}

function warnings({ before = {}, now = {}, datamodule = { cut_off: 5, self_interaction: false }, ...rest }: Match): readonly string[] {
  const { neighbours = {}, mapping = { egnn: 'egnn' }, definition } = rest;
  const { tree, config } = modelOf(before, definition);
  const preTrained = {
    source: { kind: 'model', path: '/models/lumo', weightsSha256: 'f'.repeat(64) },
    tensors: tree.tensors,
    modelConfig: { name: 'egnn_model', config: { ...config, datamodule } },
  } as const;
  const model = modelOf(now, definition);
  const request = { neighbours: { ...NEIGHBOURS, ...neighbours } } as DataRequest;
  return matchWarnings(planInitial(model, preTrained, mapping), { model, request, preTrained });
}

const BODY_KEYS: readonly (readonly [Match, RegExp])[] = [
  [{ now: { mlp_activation: 'ReLU' } }, /: mlp_activation was "SiLU" in the pre-trained model, is "ReLU" here\./u],
  [{ now: { mlp_output_activation: 'Tanh' } }, /: mlp_output_activation was null in the pre-trained model, is "Tanh" here\./u],
  [{ neighbours: { cutOff: 2.5 } }, /: datamodule\.cut_off was 5 in the pre-trained model, is 2\.5 here\./u],
  [{ neighbours: { selfInteraction: true } }, /: datamodule\.self_interaction was false in the pre-trained model, is true here\./u],
];

for (const [match, expected] of BODY_KEYS) {
  test(`the body computes something else with ${JSON.stringify({ ...match.now, ...match.neighbours })}: both values are named`, () => {
    const found = warnings(match);
    assert.equal(found.length, 1);
    assert.match(found[0] ?? '', expected);
    assert.match(
      found[0] ?? '',
      /^"egnn" starts from weights that were trained to compute something else: .* unless the change is meant\.$/u,
    );
  });
}

const HEAD_KEYS = { pool_type: 'mean', output_activation: 'Tanh', scaling_mean: -3, scaling_std: 5 };

for (const [key, value] of Object.entries(HEAD_KEYS)) {
  test(`${key} belongs to the head: it is said where the head is matched, and nothing where the body is`, () => {
    const now = { [key]: value };
    assert.deepEqual(warnings({ now }), []);
    for (const mapping of [{ egnn: 'egnn', pooling_head: 'pooling_head' }, null]) {
      const [text = '', ...others] = warnings({ now, mapping });
      assert.deepEqual(others, []);
      assert.match(text, new RegExp(`^"pooling_head" .*: ${key} was .* in the pre-trained model, is ${JSON.stringify(value)} here`, 'u'));
    }
  });
}

test('several keys are one sentence per module, a head beside the body another', () => {
  const now = { mlp_activation: 'ReLU', scaling_std: 5 };
  assert.deepEqual(
    warnings({ now, neighbours: { cutOff: 2.5 }, mapping: null }).map((text) => text.match(/^"\w+"|\b[\w.]+(?= was )/gu)),
    [
      ['"egnn"', 'datamodule.cut_off', 'mlp_activation'],
      ['"pooling_head"', 'mlp_activation', 'scaling_std'],
    ],
  );
});

test('embeddings alone do not know who is whose neighbour', () => {
  const mapping = { 'egnn.embed_nodes': 'egnn.embed_nodes' };
  assert.deepEqual(warnings({ mapping, neighbours: { cutOff: 2.5 } }), []);
  assert.equal(warnings({ mapping, now: { mlp_activation: 'ReLU' } }).length, 1);
});

test('nothing is said of equal models, of what is for training only, and of what the pre-trained model does not say', () => {
  assert.deepEqual(warnings({ mapping: null }), []);
  assert.deepEqual(warnings({ now: { jitter: 0.1, y_graph_scalars_loss_config: { name: 'L1Loss' } }, mapping: null }), []);
  assert.deepEqual(warnings({ before: { dropout: 0.1 }, now: { dropout: 0.2 }, mapping: null }), []);
  assert.deepEqual(warnings({ datamodule: {}, neighbours: { cutOff: 2.5 } }), []);
});

test('the other models of the family say the same of their bodies', () => {
  for (const definition of [meanVarEgnnModel, adapterEgnnModel, ssfEgnnModel]) {
    const [text = ''] = warnings({ definition, now: { mlp_activation: 'ReLU' }, neighbours: { cutOff: 2.5 }, mapping: null });
    assert.match(text, /datamodule\.cut_off was 5 .*; mlp_activation was "SiLU"/u, definition.name);
  }
});

test('the convolutions of an image model compute with activation, padding and pooling, its head with the activation', () => {
  const { computationKeys } = findModel('cnn_classifier');
  assert.deepEqual(computationKeys?.('features.0'), ['activation', 'padding', 'pooling']);
  assert.deepEqual(computationKeys?.('head.1'), ['activation']);
  assert.deepEqual(findModel('mlp_classifier').computationKeys?.('module.0'), ['activation']);
});
