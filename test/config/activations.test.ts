import assert from 'node:assert/strict';
import test from 'node:test';
import { readActivation, readNamedActivation } from '../../src/models/read-config.ts';
import { builtinModels } from '../../src/models/registry.ts';
import { hasCode } from '../models/support.ts';
import { failure, moleculeRun, parse, smallRun } from './helpers.ts';

/** The names in physicsml 0.6.0's table of activations (`_AVAILABLE_ACT_FUNCS`): built here, or refused by name. */
const BUILT =
  'CELU ELU GELU Hardshrink Hardsigmoid Hardswish Hardtanh LeakyReLU LogSigmoid Mish ReLU ReLU6 SELU SiLU Sigmoid Softplus Softshrink Softsign Tanh Tanhshrink'.split(
    ' ',
  );
const REFUSED = 'AdaptiveLogSoftmaxWithLoss GLU LogSoftmax MultiheadAttention PReLU RReLU Softmax Softmax2d Softmin Threshold'.split(' ');

const run = (model: string, key: string, value: string) => () => parse(moleculeRun(model, { [key]: value }), { models: builtinModels });

test('every activation of physicsml is built or refused by name, with the reason and what there is instead', () => {
  assert.equal(BUILT.length + REFUSED.length, 30);
  for (const name of BUILT) assert.equal(readNamedActivation({ a: name }, 'a', null), name);
  for (const [model, key] of [
    ['egnn_model', 'mlp_activation'],
    ['ssf_egnn_model', 'mlp_output_activation'],
    ['adapter_egnn_model', 'output_activation'],
  ] as const) {
    for (const name of REFUSED) {
      const { code, message } = failure(run(model, key, name));
      assert.equal(code, 'NOT_AVAILABLE', message);
      assert.match(message, new RegExp(`model\\.config\\.${key}: the activation ${name} is not built: it [^;]+; expected .*"SiLU"`, 'u'));
    }
  }
});

test('the network of rows of numbers says the same of its activation', () => {
  const model = { name: 'mlp_regressor', config: { x_features: ['a'], y_features: ['b'], activation: 'PReLU' } };
  const { code, message } = failure(() => parse(smallRun({}, { model }), { models: builtinModels }));
  assert.equal(code, 'NOT_AVAILABLE');
  assert.match(message, /model\.config\.activation: the activation PReLU is not built: it has a trained weight of its own; expected/u);
});

test('a saved model with such an activation is refused by name, too', () => {
  for (const name of REFUSED) {
    const expected = hasCode(
      'NOT_AVAILABLE',
      new RegExp(`model\\.config\\.\\w+: the activation ${name} is not built: .*\nFix: use one of ReLU,`, 'u'),
    );
    assert.throws(() => readActivation({ activation: name }, 'SiLU'), expected);
    assert.throws(() => readNamedActivation({ mlp_activation: name }, 'mlp_activation', null), expected);
  }
});

test('a name that the original does not know either is a mistake: letter case counts there, too', () => {
  const { code, message } = failure(run('egnn_model', 'mlp_activation', 'silu'));
  assert.equal(code, 'CONFIG_INVALID');
  assert.match(message, /received "silu"\. Did you mean "SiLU"\?/u);
});
