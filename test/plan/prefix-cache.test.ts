import assert from 'node:assert/strict';
import test from 'node:test';
import type { JsonObject } from '../../src/contracts/json.ts';
import type { StagePlan } from '../../src/contracts/plan.ts';
import { findModel } from '../../src/models/registry.ts';
import { sha256 } from '../../src/plan/digests.ts';
import type { PrefixSize } from '../../src/plan/plan-facts.ts';
import { MOST_PREFIX_BYTES, prefixOf } from '../../src/plan/prefix-cache.ts';
import { stageKeyDocument } from '../../src/plan/stage-key.ts';
import { formatPlan } from '../../src/reports/plan-report.ts';
import { planOf, type Variation } from './runs.ts';

const SIZE: PrefixSize = { modules: ['module.0'], perRow: 3, perNode: 0, perEdge: 0 };
/** The toy network's first layer is its prefix when it stands still. */
const prefix = (still: (path: string) => boolean) => (still('module.0') ? SIZE : null);
const FROZEN = { freeze_modules: ['module.0'], trainer: { max_epochs: 3 } };

const plan = (stage: JsonObject, { size = SIZE, ...variation }: Variation & { readonly size?: PrefixSize } = {}) =>
  planOf({ stages: [stage], ...variation, model: { prefix: (still) => prefix(still) && size } });
const stageOf = (...input: Parameters<typeof plan>): StagePlan => plan(...input).stages[0] as StagePlan;
const keyOf = (planned: ReturnType<typeof plan>): JsonObject =>
  stageKeyDocument({
    plan: planned,
    stage: 0,
    inputWeightsSha256: '',
    maskDigest: sha256({}),
    dataDigests: { train: '1', validation: '2' },
  });

test('a frozen leading part is computed once: training and validation rows, four bytes a value; the plan says so', () => {
  const planned = plan(FROZEN);
  assert.deepEqual(planned.stages[0]?.prefixCache, { modules: ['module.0'], byteLength: 4 * 3 * (100 + 20), fits: true });
  assert.match(formatPlan(planned), /stage-1 computes module\.0 once for every row \(1\.4 KiB\)/u);
});

test('only a stage that uses it has it in its key, so that older results stay valid', () => {
  assert.deepEqual(keyOf(plan(FROZEN))['prefixCache'], ['module.0']);
  const off = plan({ ...FROZEN, trainer: { ...FROZEN.trainer, prefix_cache: 'off' } });
  assert.equal(off.stages[0]?.prefixCache, undefined);
  assert.ok(!('prefixCache' in keyOf(off)));
});

test('nothing is kept where it would not pay or would not be right', () => {
  assert.equal(stageOf({ ...FROZEN, freeze_modules: [] }).prefixCache, undefined, 'nothing is frozen');
  assert.equal(stageOf({ ...FROZEN, freeze_modules: ['module.2'] }).prefixCache, undefined, 'the frozen part is not the leading one');
  assert.equal(stageOf({ ...FROZEN, trainer: { max_epochs: 1 } }).prefixCache, undefined, 'every row is seen once');
  assert.equal(stageOf({ ...FROZEN, trainer: { max_epochs: 3, limit_train_batches: 2 } }).prefixCache, undefined, 'rows are left out');
  assert.equal(
    stageOf({ ...FROZEN, trainer: { max_epochs: 3, frozen_modules_mode: 'train' } }).prefixCache,
    undefined,
    'frozen modules move',
  );
  assert.equal(planOf({ stages: [FROZEN] }).stages[0]?.prefixCache, undefined, 'the model has no prefix');
});

test('what does not fit is computed in every step, and the plan warns once', () => {
  const planned = plan(FROZEN, { size: { ...SIZE, perRow: MOST_PREFIX_BYTES / 4 / 119 } });
  assert.equal(planned.stages[0]?.prefixCache?.fits, false);
  assert.ok(!('prefixCache' in keyOf(planned)));
  assert.equal(
    planned.warnings.filter((text) => /computes its frozen module\.0 anew in every step: .* more than the 1024 MiB/u.test(text)).length,
    1,
  );
});

test('a definition says how large its prefix is', () => {
  const size =
    prefixOf(
      findModel('mlp_regressor', []),
      { num_layers: 3, hidden_dim: 7 },
      { inputWidth: 2, outputWidth: 1 },
    )?.((path) => path === 'module.0') ?? null;
  assert.deepEqual(size, { modules: ['module.0'], perRow: 7, perNode: 0, perEdge: 0 });
});
