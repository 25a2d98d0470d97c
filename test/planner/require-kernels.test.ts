import assert from 'node:assert/strict';
import test from 'node:test';
import { builtinModels, findModel } from '../../src/models/registry.ts';
import { requireKernels } from '../../src/planner/require-kernels.ts';
import { planOf } from '../plan/runs.ts';

test('a kernel that the backend of a stage lacks is KERNEL_MISSING before anything trains, by stage and name', () => {
  const plan = planOf({});
  const definition = { ...findModel('mlp_regressor'), gradientKernels: () => ['Add', 'Einsum'] };
  assert.throws(() => requireKernels(plan, definition), {
    code: 'KERNEL_MISSING',
    message: /stage \S+: the backend "wasm" lacks Einsum\n/u,
  });
});

test('what an optional backend has is left to the trainer', () => {
  const plan = planOf({});
  const stages = plan.stages.map((stage) => ({ ...stage, trainer: { ...stage.trainer, backend: 'tensorflow' as const } }));
  requireKernels({ ...plan, stages, baseline: null }, { ...findModel('mlp_regressor'), gradientKernels: () => ['Einsum'] });
});

test('the models that come with Rootstock train on wasm and cpu', () => {
  const plan = planOf({});
  for (const backend of ['wasm', 'cpu'] as const) {
    const stages = plan.stages.map((stage) => ({ ...stage, trainer: { ...stage.trainer, backend } }));
    for (const definition of builtinModels) {
      const config =
        definition.name === 'cnn_classifier' ? { input_shape: [1, 28, 28], batch_norm: true, dropout: 0.1, classes: [0, 1] } : {};
      requireKernels({ ...plan, stages, baseline: null, model: { ...plan.model, config } }, definition);
    }
  }
});
