import assert from 'node:assert/strict';
import test from 'node:test';
import { RootstockError } from '../../../src/errors.ts';
import { createScheduler } from '../../../src/training/schedulers/create-scheduler.ts';
import type { SchedulePosition, Scheduler } from '../../../src/training/schedulers/scheduler.ts';

/** Closed forms against products: a few roundings of 1.1e-16. */
const TOLERANCE = 1e-12;

void test('a frequency of 3 holds each rate for three steps', () => {
  const scheduler = createScheduler({ name: 'StepLR', config: { step_size: 1, gamma: 0.5 }, interval: 'step', frequency: 3 }, [1]);
  const rates = [0, 1, 2, 3, 5, 6].map((step) => lrAt(scheduler, { step, epoch: 0 }));
  assert.deepEqual(rates, [1, 1, 1, 0.5, 0.5, 0.25]);
});

void test('CyclicLR in exp_range mode shrinks its triangle by gamma per count', () => {
  const config = { base_lr: 0.1, max_lr: 0.3, step_size_up: 2, mode: 'exp_range', gamma: 0.5, cycle_momentum: false };
  const scheduler = createScheduler({ name: 'CyclicLR', config, interval: 'step', frequency: 1 }, [7]);
  // torch: base_lr + (max_lr - base_lr) * height * gamma^count, heights 0, 1/2, 1, 1/2, 0, 1/2.
  const expected = [0.1, 0.1 + 0.2 * 0.5 * 0.5, 0.1 + 0.2 * 0.25, 0.1 + 0.2 * 0.5 * 0.125, 0.1, 0.1 + 0.2 * 0.5 * 0.03125];
  for (const [step, rate] of expected.entries()) near(lrAt(scheduler, { step, epoch: 0 }), rate);
});

void test('without a scheduler the base rate holds for ever', () => {
  assert.equal(lrAt(createScheduler(null, [0.01]), { step: 1e6, epoch: 100 }), 0.01);
});

void test('a rate depends on the position alone, not on what was asked before', () => {
  const scheduler = createScheduler({ name: 'CosineAnnealingLR', config: { T_max: 100 }, interval: 'step', frequency: 1 }, [0.1]);
  const first = lrAt(scheduler, { step: 37, epoch: 0 });
  lrAt(scheduler, { step: 99, epoch: 3 });
  assert.equal(lrAt(scheduler, { step: 37, epoch: 9 }), first);
});

void test('an unknown scheduler is refused by name, with the ones there are', () => {
  assert.throws(
    () => createScheduler({ name: 'LambdaLR', config: {}, interval: 'step', frequency: 1 }, [0.1]),
    (error) => error instanceof RootstockError && error.code === 'NOT_AVAILABLE' && /LambdaLR.*\n.*CosineAnnealingLR/.test(error.message),
  );
});

void test('a missing or misplaced argument is STAGE_INVALID at its dotted path', () => {
  for (const config of [{}, { T_max: 'num_steps' }, { T_max: 0 }, { T_max: 2.5 }]) {
    assert.throws(
      () => createScheduler({ name: 'CosineAnnealingLR', config, interval: 'step', frequency: 1 }, [0.1]),
      (error) =>
        error instanceof RootstockError && error.code === 'STAGE_INVALID' && error.message.includes('CosineAnnealingLR.config.T_max'),
    );
  }
});

void test('cycling the momentum inside a list is refused by name', () => {
  const config = { schedulers: [{ name: 'OneCycleLR', config: { max_lr: 0.1, total_steps: 10 } }] };
  assert.throws(
    () => createScheduler({ name: 'ChainedScheduler', config, interval: 'step', frequency: 1 }, [0.1]),
    (error) => error instanceof RootstockError && error.code === 'NOT_AVAILABLE' && error.message.includes('cycle_momentum'),
  );
});

void test('OneCycleLR beyond its total steps is STAGE_INVALID', () => {
  const config = { max_lr: 0.1, total_steps: 10, cycle_momentum: false };
  const scheduler = createScheduler({ name: 'OneCycleLR', config, interval: 'step', frequency: 1 }, [0.1]);
  assert.throws(
    () => lrAt(scheduler, { step: 11, epoch: 0 }),
    (error) => error instanceof RootstockError && error.code === 'STAGE_INVALID',
  );
});

function lrAt(scheduler: Scheduler, position: SchedulePosition): number {
  return scheduler.settingsAt(position)[0]?.lr ?? Number.NaN;
}

function near(actual: number, expected: number): void {
  assert.ok(Math.abs(actual - expected) <= TOLERANCE * Math.abs(expected), `expected ${expected}, received ${actual}`);
}
