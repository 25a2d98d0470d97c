import assert from 'node:assert/strict';
import test from 'node:test';
import type { EarlyStoppingPlan } from '../../src/contracts/plan.ts';
import { RootstockError } from '../../src/errors.ts';
import { type BestState, initialEarlyStopping, stepBest, stepEarlyStopping } from '../../src/training/early-stopping.ts';

const PLAN: EarlyStoppingPlan = {
  monitor: 'val/total/loss',
  mode: 'min',
  minDelta: 0,
  patience: 3,
  strict: true,
  checkFinite: true,
  stoppingThreshold: null,
  divergenceThreshold: null,
};

/** Feeds values until a stop; the state passes through JSON each time, as in a snapshot. */
function feed(changes: Partial<EarlyStoppingPlan>, values: readonly (number | undefined)[]) {
  const plan = { ...PLAN, ...changes };
  let state = initialEarlyStopping(plan);
  for (const [index, value] of values.entries()) {
    const step = stepEarlyStopping(plan, JSON.parse(JSON.stringify(state)) as typeof state, value);
    if (step.stop) return { at: index, ...step };
    assert.deepEqual([step.reason, step.message], [null, null]);
    state = step.state;
  }
  return { at: null, stop: false, reason: null, state };
}

void test('patience counts validation checks without an improvement, and an improvement resets it', () => {
  assert.equal(feed({}, [1, 0.9, 0.95, 0.93, 0.9]).at, 4);
  assert.equal(feed({}, [1, 1.1, 1.2, 0.9, 1, 1]).at, null);
  assert.equal(feed({}, [1, 1.1, 1.2, 0.9, 1, 1, 1]).at, 6);
});

void test('a patience of 0 stops at the first check that does not improve', () => {
  assert.equal(feed({ patience: 0 }, [1, 0.9, 0.9]).at, 2);
});

void test('an improvement has to exceed min_delta, in both modes', () => {
  assert.equal(feed({ minDelta: 0.1, patience: 1 }, [1, 0.95]).at, 1);
  assert.equal(feed({ minDelta: 0.1, patience: 1 }, [1, 0.85]).at, null);
  assert.equal(feed({ mode: 'max', minDelta: 0.1, patience: 1 }, [0.5, 0.55]).at, 1);
  assert.equal(feed({ mode: 'max', minDelta: 0.1, patience: 1 }, [0.5, 0.65]).at, null);
});

void test('the best value moves only by improvements beyond min_delta, so a slow drift runs out of patience', () => {
  const end = feed({ minDelta: 0.1, patience: 2 }, [1, 0.95, 0.91]);
  assert.deepEqual([end.at, end.reason, end.state], [2, 'patience', { waitCount: 2, best: 1 }]);
});

void test('a value that is not finite stops at once, unless check_finite is off', () => {
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.deepEqual([feed({}, [1, value]).at, feed({}, [1, value]).reason], [1, 'not_finite']);
    assert.equal(feed({ checkFinite: false }, [1, value, 0.5]).at, null);
  }
});

void test('passing the stopping threshold stops, reaching it does not', () => {
  assert.equal(feed({ stoppingThreshold: 0.5 }, [1, 0.5]).at, null);
  assert.equal(feed({ stoppingThreshold: 0.5 }, [1, 0.49]).reason, 'stopping_threshold');
  assert.equal(feed({ mode: 'max', stoppingThreshold: 0.9 }, [0.8, 0.91]).reason, 'stopping_threshold');
});

void test('getting worse than the divergence threshold stops, in both modes', () => {
  assert.equal(feed({ divergenceThreshold: 2 }, [1, 2]).at, null);
  assert.equal(feed({ divergenceThreshold: 2 }, [1, 2.1]).reason, 'divergence_threshold');
  assert.equal(feed({ mode: 'max', divergenceThreshold: 0.2 }, [0.5, 0.1]).reason, 'divergence_threshold');
});

void test('a monitor that was not logged is an error when strict, and no check at all otherwise', () => {
  assert.throws(
    () => feed({}, [1, undefined]),
    (error) => error instanceof RootstockError && error.code === 'MONITOR_NOT_FOUND' && error.message.includes('val/total/loss'),
  );
  assert.deepEqual(feed({ strict: false, patience: 1 }, [1, undefined, undefined]).state, { waitCount: 0, best: 1 });
});

void test('the message names the monitor, the value and the best one', () => {
  const { message } = stepEarlyStopping({ ...PLAN, patience: 1 }, { waitCount: 0, best: 0.25 }, 0.75);
  assert.match(message ?? '', /val\/total\/loss = 0\.75 .*0\.25/);
});

void test('best tracking keeps the first of equal values, in both modes', () => {
  assert.deepEqual(improvements('min', [3, 2, 2, 2.5, 1]), [true, true, false, false, true]);
  assert.deepEqual(improvements('max', [0.1, 0.3, 0.3, 0.2]), [true, true, false, false]);
});

void test('for the best value a NaN ranks last, but the first value always counts', () => {
  assert.deepEqual(improvements('min', [Number.NaN, Number.NaN, 5, Number.NaN, 6]), [true, false, true, false, false]);
  assert.deepEqual(improvements('max', [Number.NaN, -5]), [true, true]);
});

function improvements(mode: 'min' | 'max', values: readonly number[]): readonly boolean[] {
  let state: BestState = null;
  return values.map((value) => {
    const step = stepBest({ monitor: 'val/x', mode }, JSON.parse(JSON.stringify(state)) as BestState, value);
    state = step.state;
    return step.improved;
  });
}
