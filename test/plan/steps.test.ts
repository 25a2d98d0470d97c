import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import { countSteps, type StepFacts } from '../../src/plan/steps.ts';
import { failureOf, planOf, stageOf } from './runs.ts';

const facts: StepFacts = { rows: 10, batchSize: 3, dropLast: true, limit: null, accumulate: 1, maxEpochs: 2, maxSteps: -1 };
const steps = (change: Partial<StepFacts>): number[] => {
  const { batchesPerEpoch, stepsPerEpoch, totalSteps, epochs } = countSteps({ ...facts, ...change });
  return [batchesPerEpoch, stepsPerEpoch, totalSteps, epochs];
};

void test('drop_last leaves the short last batch out', () => {
  assert.deepEqual(steps({}), [3, 3, 6, 2]);
  assert.deepEqual(steps({ dropLast: false }), [4, 4, 8, 2]);
});

void test('the short last accumulation window of an epoch is a step', () => {
  assert.deepEqual(steps({ accumulate: 2 }), [3, 2, 4, 2]);
  assert.deepEqual(steps({ accumulate: 5 }), [3, 1, 2, 2]);
});

void test('limit_train_batches is a count or a fraction rounded down, as in Lightning', () => {
  assert.deepEqual(steps({ limit: 2 }), [2, 2, 4, 2]);
  assert.deepEqual(steps({ limit: 99 }), [3, 3, 6, 2]);
  assert.deepEqual(steps({ limit: 0.7 }), [2, 2, 4, 2]);
});

void test('max_steps ends training in the middle of an epoch', () => {
  assert.deepEqual(steps({ maxSteps: 4 }), [3, 3, 4, 2]);
  assert.deepEqual(steps({ maxSteps: 2 }), [3, 3, 2, 1]);
  assert.deepEqual(steps({ maxEpochs: -1, maxSteps: 7 }), [3, 3, 7, 3]);
});

void test('property: there are as many steps as a loop over batches would take', () => {
  fc.assert(
    fc.property(
      fc.record({
        rows: fc.integer({ min: 1, max: 40 }),
        batchSize: fc.integer({ min: 1, max: 9 }),
        dropLast: fc.boolean(),
        limit: fc.option(fc.integer({ min: 1, max: 9 })),
        accumulate: fc.integer({ min: 1, max: 4 }),
        maxEpochs: fc.integer({ min: 1, max: 4 }),
        maxSteps: fc.constantFrom(-1, 3, 11),
      }),
      (given) => {
        let taken = 0;
        for (let epoch = 0; epoch < given.maxEpochs; epoch += 1) {
          let waiting = 0;
          for (let batch = 0, row = 0; row < given.rows && batch < (given.limit ?? 99); batch += 1, row += given.batchSize) {
            if (given.dropLast && row + given.batchSize > given.rows) break;
            waiting += 1;
            if (waiting === given.accumulate) [taken, waiting] = [taken + 1, 0];
          }
          if (waiting > 0) taken += 1;
        }
        assert.equal(countSteps(given).totalSteps, given.maxSteps < 0 ? taken : Math.min(taken, given.maxSteps));
      },
    ),
    { seed: 1, numRuns: 500 },
  );
});

void test('ruling Overrides: T_max num_steps and num_epochs are resolved per stage, the base keeps the words', () => {
  const { stages } = planOf({
    scheduler: { name: 'CosineAnnealingLR', config: { T_max: 'num_steps' } },
    datamodule: { train: { batch_size: 10 } },
    trainer: { max_epochs: 2 },
    stages: [
      {},
      { trainer: { max_epochs: 5 } },
      { datamodule: { train: { batch_size: 50 } }, scheduler: { config: { T_max: 'num_epochs' } } },
    ],
  });
  assert.deepEqual(
    stages.map(({ scheduler, totalSteps }) => [scheduler?.config.T_max, totalSteps]),
    [
      [20, 20],
      [50, 50],
      [2, 4],
    ],
  );
});

void test('NO_BATCHES when drop_last leaves none: batch size and rows are named', () => {
  const error = failureOf({ rows: { train: 30 }, datamodule: { train: { batch_size: 64 } } });
  assert.equal(error.code, 'NO_BATCHES');
  assert.match(error.message, /stages\.0\.datamodule\.train: 30 train rows make no batch of batch_size 64 with drop_last: true/);
  assert.match(error.message, /Fix: set train\.batch_size to at most 30, or drop_last: false/);
  assert.equal(stageOf({ rows: { train: 30 }, datamodule: { train: { batch_size: 64, drop_last: false } } }).batchesPerEpoch, 1);
});

void test('NO_BATCHES when a fraction leaves none, in any split', () => {
  const trainer = { limit_train_batches: 0.001, limit_val_batches: 0.01, limit_test_batches: 0.5 };
  const error = failureOf({ trainer, rows: { train: 100, validation: 20, test: 1 } });
  assert.equal(error.code, 'NO_BATCHES');
  assert.match(error.message, /trainer\.limit_train_batches: limit_train_batches 0\.001 of 100 batches is none/);
  assert.match(error.message, /limit_val_batches 0\.01 of 20 batches[^]*limit_test_batches 0\.5 of 1 batch /);
});

void test('limits are counts of batches in the plan, and 0 switches a pass off', () => {
  const trainer = { limit_train_batches: 0.5, limit_val_batches: 0.25, limit_test_batches: 0 };
  const stage = stageOf({ trainer, rows: { train: 100, validation: 20, test: 10 } });
  assert.deepEqual([stage.trainer.limitTrainBatches, stage.trainer.limitValBatches, stage.trainer.limitTestBatches], [50, 5, 0]);
  assert.equal(stage.batchesPerEpoch, 50);
  assert.equal(stageOf({ trainer: { limit_val_batches: 0.5 }, rows: { train: 10 } }).trainer.limitValBatches, null);
});
