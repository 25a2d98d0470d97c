import assert from 'node:assert/strict';
import test from 'node:test';
import type { BackendName } from '../../src/contracts/plan.ts';
import { RootstockError } from '../../src/errors.ts';
import { mlp, tree } from '../transfer/trees.ts';
import { codesOf, failureOf, planOf, stageOf } from './runs.ts';

void test('a plan of nothing but what is required has the documented defaults', () => {
  const plan = planOf({ stages: null });
  assert.deepEqual(
    { seed: plan.seed, initial: plan.initial, baseline: plan.baseline, metrics: plan.evaluation.metrics, warnings: plan.warnings },
    { seed: 0, initial: { kind: 'fresh' }, baseline: null, metrics: ['mae', 'rmse', 'r2'], warnings: [] },
  );
  assert.deepEqual(plan.output, { path: '/out' });
  const [stage] = plan.stages;
  assert.deepEqual(stage?.trainer, {
    backend: 'wasm',
    maxEpochs: 1,
    maxSteps: -1,
    minEpochs: null,
    minSteps: null,
    limitTrainBatches: null,
    limitValBatches: null,
    limitTestBatches: null,
    checkValEveryNEpoch: 1,
    numSanityValSteps: 2,
    accumulateGradBatches: 1,
    accumulateNormalization: 'samples',
    gradientClipVal: null,
    gradientClipAlgorithm: 'norm',
    terminateOnNan: true,
    logEveryNSteps: 50,
    frozenModulesMode: 'eval',
    earlyStopping: null,
    checkpointMonitor: { monitor: 'val/total/loss', mode: 'min' },
    snapshot: { everySeconds: 15, everySteps: null, keep: 2 },
  });
  assert.deepEqual(stage?.datamodule, {
    train: { batchSize: 1, dropLast: true, shuffle: true },
    validation: { batchSize: 1, dropLast: false },
    test: { batchSize: 1 },
    predict: { batchSize: 1 },
    neighbours: null,
    shuffleSeed: null,
  });
  assert.deepEqual(stage?.optimizer.config, { lr: 1e-4, betas: [0.9, 0.999], eps: 1e-8, amsgrad: false, maximize: false, weight_decay: 0 });
});

void test('values that mean the same are one value in the plan: clipping at 0 is none, null sanity steps are two', () => {
  const { trainer } = stageOf({ trainer: { gradient_clip_val: 0, gradient_clip_algorithm: null, num_sanity_val_steps: null } });
  assert.deepEqual([trainer.gradientClipVal, trainer.gradientClipAlgorithm, trainer.numSanityValSteps], [null, 'norm', 2]);
  assert.equal(stageOf({ trainer: { num_sanity_val_steps: -1 } }).trainer.numSanityValSteps, -1);
});

void test('without transfer learning a run is one stage from fresh weights', () => {
  const { stages } = planOf({ stages: null, trainer: { max_epochs: 3 } });
  assert.deepEqual(
    stages.map(({ index, name, kind, trainer, freezeModules }) => ({ index, name, kind, epochs: trainer.maxEpochs, freezeModules })),
    [{ index: 0, name: 'stage-1', kind: 'stage', epochs: 3, freezeModules: [] }],
  );
});

void test('seed 0 and a given seed are kept', () => {
  assert.equal(planOf({ seed: 0 }).seed, 0);
  assert.equal(planOf({ seed: 4294967295 }).seed, 4294967295);
});

void test('the plan holds the match: what is copied, what stays fresh, what is left over', () => {
  const plan = planOf({ mapping: { 'module.0': 'module.0' } });
  assert.equal(plan.initial.kind, 'pre_trained');
  if (plan.initial.kind === 'pre_trained') {
    assert.deepEqual(plan.initial.match.missing, ['module.2.weight', 'module.2.bias']);
    assert.deepEqual(plan.initial.modulesToMatch, { 'module.0': 'module.0' });
  }
});

void test('peer: multistage freezes per stage', () => {
  const { stages } = planOf({ stages: [{ freeze_modules: ['module.0'] }, { freeze_modules: ['module.2'] }, {}] });
  assert.deepEqual(
    stages.map(({ mask }) => mask.frozenModules),
    [['module.0'], ['module.2'], []],
  );
});

void test('ruling Validated before stage 1: problems of all stages, of the match and of the data are reported in one error', () => {
  const error = failureOf({
    datamodule: { train: { batch_size: 200 } },
    trainer: { callbacks: { EarlyStopping: { monitor: 'val/acc' } } },
    mapping: { modul: 'module' },
    stages: [{ freeze_modules: ['module.7'] }, { freeze_modules: ['module'] }, {}],
    evaluation: { metrics: ['accuracy'] },
  });
  assert.deepEqual(codesOf(error), [
    'FREEZE_NAME_NOT_FOUND',
    'EVERYTHING_FROZEN',
    'NO_BATCHES',
    'MONITOR_NOT_FOUND',
    'MODULE_NOT_FOUND',
    'CONFIG_INVALID',
  ]);
  assert.equal(error.code, 'FREEZE_NAME_NOT_FOUND');
  assert.match(error.message, /^The run "u0" cannot be planned: 6 problems\./);
  assert.match(error.message, /stages\.0\.freeze_modules\.0: the model has no module "module\.7" \(did you mean "module\.0"/);
  assert.match(error.message, /\.\.\. and 1 more\nFix: /);
});

void test('a lone error keeps its own headline and fix', () => {
  const shape = failureOf({ preTrainedTree: mlp(2, 5, 1) });
  assert.equal(shape.code, 'SHAPE_MISMATCH');
  assert.match(shape.message, /^3 of 4 tensors cannot be copied from "\/models\/old"\./);
  assert.match(failureOf({ stages: [{ freeze_modules: ['nothing'] }] }).message, /^1 of 1 name to freeze matches nothing\./);
});

void test('a failed match says how the two models were configured differently, from hyperparameters or a model_config.json', () => {
  for (const modelConfig of [{ hidden_dim: 5 }, { name: 'toy', config: { hidden_dim: 5 } }]) {
    const error = failureOf({
      facts: {
        preTrained: {
          source: { kind: 'model', path: '/models/old', weightsSha256: 'f'.repeat(64) },
          tensors: mlp(2, 5, 1).tensors,
          modelConfig,
        },
      },
    });
    assert.equal(error.code, 'SHAPE_MISMATCH');
    assert.match(error.message, /configured differently: hidden_dim was 5 in the pre-trained model, is 3 here\.\nFix: /);
  }
});

void test('stage names have to differ, also from the baseline', () => {
  const error = failureOf({ stages: [{ name: 'from-scratch' }, {}], evaluation: { baseline: 'from_scratch' } });
  assert.equal(error.code, 'STAGE_INVALID');
  assert.match(error.message, /stages\.0\.name: "from-scratch" is the name of the baseline/);
  assert.equal(planOf({ stages: [{ name: 'from-scratch' }] }).stages[0]?.name, 'from-scratch');
});

void test('a metric that does not fit the task is refused', () => {
  const error = failureOf({ evaluation: { metrics: ['mae', 'accuracy'] } });
  assert.equal(error.code, 'CONFIG_INVALID');
  assert.match(error.message, /evaluation\.metrics: "accuracy" is no metric of regression\nFix: use mae, rmse, r2/);
});

void test('a backend that is named is taken, an accelerator is asked for, and its absence is a problem among others', () => {
  const asked: string[] = [];
  const backendOf = (accelerator: string): BackendName => {
    asked.push(accelerator);
    if (accelerator === 'gpu') throw new RootstockError('BACKEND_UNAVAILABLE', 'No tensorflow here.\nFix: install it.');
    return 'wasm';
  };
  assert.equal(stageOf({ trainer: { backend: 'cpu' }, facts: { backendOf } }).trainer.backend, 'cpu');
  assert.deepEqual(asked, []);
  stageOf({ facts: { backendOf } });
  assert.deepEqual(asked, ['auto']);
  const error = failureOf({ trainer: { accelerator: 'gpu' }, stages: [{}, { freeze_modules: ['x'] }], facts: { backendOf } });
  assert.deepEqual(codesOf(error), ['BACKEND_UNAVAILABLE', 'FREEZE_NAME_NOT_FOUND']);
});

void test('more than 45 million trainable parameters are refused on wasm, frozen ones do not count', () => {
  const big = tree({ 'body.weight': [46_000_000], 'head.weight': [10] });
  const variation = { model: { tree: big }, preTrainedTree: big };
  const error = failureOf(variation);
  assert.equal(error.code, 'PARAMETER_BUDGET');
  assert.match(error.message, /46000010 trainable parameters, expected at most 45000000 on the wasm backend/);
  assert.equal(stageOf({ ...variation, stages: [{ freeze_modules: ['body'] }] }).mask.frozenParameters, 46_000_000);
  assert.equal(stageOf({ ...variation, trainer: { backend: 'tensorflow' } }).mask.trainableParameters, 46_000_010);
});

void test('a stage that cannot fit into memory is refused: 12 bytes per trainable parameter, 4 per frozen one', () => {
  // 13 parameters: module.0 has 9, module.2 has 4.
  assert.equal(failureOf({ facts: { memoryBytes: 13 * 12 - 1 } }).code, 'PARAMETER_BUDGET');
  assert.equal(planOf({ facts: { memoryBytes: 13 * 12 } }).stages.length, 1);
  assert.equal(planOf({ facts: { memoryBytes: 9 * 4 + 4 * 12 }, stages: [{ freeze_modules: ['module.0'] }] }).stages.length, 1);
});

void test('the average of EMAWeightAveraging counts: 4 bytes more per trainable parameter, and fewer parameters on wasm', () => {
  const trainer = { callbacks: { EMAWeightAveraging: {} } };
  const stages = [{ freeze_modules: ['module.0'] }];
  const needed = 9 * 4 + 4 * 16;
  const error = failureOf({ trainer, stages, facts: { memoryBytes: needed - 1 } });
  assert.equal(error.code, 'PARAMETER_BUDGET');
  assert.match(error.message, /weights, their average and optimizer state/u);
  assert.equal(planOf({ trainer, stages, facts: { memoryBytes: needed } }).stages.length, 1);
  const big = tree({ 'body.weight': [34_000_000], 'head.weight': [10] });
  const refused = failureOf({ trainer, model: { tree: big }, preTrainedTree: big });
  assert.match(refused.message, /34000010 trainable parameters, expected at most 33750000 on the wasm backend with EMAWeightAveraging/u);
});

void test('early stopping together with carry_weights: last is warned about', () => {
  const trainer = { callbacks: { EarlyStopping: { monitor: 'val_loss' } } };
  const { warnings } = planOf({ trainer, stages: [{ name: 'head' }, { carry_weights: 'best' }] });
  assert.equal(warnings.length, 1);
  assert.match(warnings[0] ?? '', /^Stage "head" stops early on val\/total\/loss but passes on its last weights/);
});

void test('a schedule by epochs over a number of steps is warned about', () => {
  const scheduler = { name: 'CosineAnnealingLR', config: { T_max: 'num_steps' }, interval: 'epoch' };
  assert.match(planOf({ scheduler }).warnings.join(), /once per epoch, but T_max is its 100 optimizer steps/);
  assert.deepEqual(planOf({ scheduler: { ...scheduler, config: { T_max: 'num_epochs' } }, trainer: { max_epochs: 3 } }).warnings, []);
});
