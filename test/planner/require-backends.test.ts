import assert from 'node:assert/strict';
import test from 'node:test';
import type { BackendName } from '../../src/contracts/plan.ts';
import { requireBackends } from '../../src/planner/require-backends.ts';
import { planOf } from '../plan/runs.ts';

const planFor = (...backends: readonly BackendName[]) => {
  const plan = planOf({ stages: backends.map(() => ({})) });
  const stages = plan.stages.map((stage, index) => ({ ...stage, trainer: { ...stage.trainer, backend: backends[index] ?? 'wasm' } }));
  return { ...plan, stages };
};

test('wasm and cpu come with the package', async () => {
  await requireBackends(planFor('wasm', 'cpu'));
});

test('a backend that is not here is named with the stages that need it, why, and what there is', async () => {
  // webgpu is not built yet on any machine.
  await assert.rejects(requireBackends(planFor('wasm', 'webgpu')), {
    code: 'BACKEND_UNAVAILABLE',
    message: /stage stage-2: needs the backend "webgpu"\. [\s\S]*available here: wasm, cpu/u,
  });
});

test('a baseline counts like a stage', async () => {
  const plan = planOf({ evaluation: { baseline: 'from_scratch' } });
  assert.ok(plan.baseline !== null);
  const baseline = { ...plan.baseline, trainer: { ...plan.baseline.trainer, backend: 'webgpu' as const } };
  await assert.rejects(requireBackends({ ...plan, baseline }), { code: 'BACKEND_UNAVAILABLE', message: /stage from-scratch/u });
});
