import assert from 'node:assert/strict';
import test from 'node:test';
import { ApplicationFailure, CancelledFailure } from '@temporalio/activity';
import { toActivityFailure } from '../../activities/failure.ts';
import { NON_RETRYABLE_CODES, RootstockError } from '../../src/errors.ts';

function mapped(error: unknown): ApplicationFailure {
  const failure = toActivityFailure(error);
  assert.ok(failure instanceof ApplicationFailure);
  return failure;
}

test('a coded error crosses with its code as type, its text and its facts', () => {
  const cause = new RootstockError('SHAPE_MISMATCH', 'head.weight: expected [5], received [4]', { path: 'head.weight', expected: [5] });
  const { type, message, details, nonRetryable } = mapped(cause);
  assert.deepEqual(
    { type, message, details, nonRetryable },
    {
      type: 'SHAPE_MISMATCH',
      message: 'head.weight: expected [5], received [4]',
      details: [{ path: 'head.weight', expected: [5] }],
      nonRetryable: true,
    },
  );
});

test('what a retry can cure is retried, everything else is not', () => {
  for (const code of ['STORE_IO', 'TRAINER_DIED', 'TRAINER_STALLED', 'LEASE_LOST', 'OUT_OF_MEMORY', 'ARTIFACT_CORRUPT'] as const)
    assert.equal(mapped(new RootstockError(code, '')).nonRetryable, false, code);
  for (const code of [
    'NON_FINITE_LOSS',
    'NO_PROGRESS',
    'PLAN_DRIFT',
    'DATA_CHANGED',
    'DETERMINISM_VIOLATION',
    'BACKEND_CHANGED',
  ] as const) {
    assert.equal(mapped(new RootstockError(code, '')).nonRetryable, true, code);
    assert.ok(NON_RETRYABLE_CODES.includes(code));
  }
});

test('a disk that refuses until a person helps is not asked again; a full or broken one is', () => {
  const refused = (errno: string) => mapped(new RootstockError('STORE_IO', errno, { errno })).nonRetryable;
  for (const errno of ['EPERM', 'EACCES', 'EROFS', 'ENOTDIR', 'ENAMETOOLONG', 'ELOOP']) assert.equal(refused(errno), true, errno);
  for (const errno of ['ENOSPC', 'EDQUOT', 'EIO', 'EMFILE']) assert.equal(refused(errno), false, errno);
});

test('an error without a code is INTERNAL, retried, and keeps its stack', () => {
  const failure = mapped(new RangeError('offset is out of bounds'));
  assert.equal(failure.type, 'INTERNAL');
  assert.equal(failure.nonRetryable, false);
  assert.match(failure.message, /offset is out of bounds[\s\S]*failure\.test\.ts/u);
  assert.equal(mapped('a text').type, 'INTERNAL');
});

test('cancellation and failures that are mapped already pass as they are', () => {
  const failures = [new CancelledFailure('stopped', [{ snapshot: 3 }]), ApplicationFailure.nonRetryable('done', 'NO_PROGRESS')];
  for (const failure of failures) assert.equal(toActivityFailure(failure), failure);
});

test('an error that knows when another attempt makes sense sets the delay; one that no retry cures does not', () => {
  const died = mapped(new RootstockError('TRAINER_DIED', 'killed', { retryAfterMs: 600 }));
  assert.equal(died.nextRetryDelay, 600);
  const invalid = mapped(new RootstockError('NON_FINITE_LOSS', 'NaN', { retryAfterMs: 600 }));
  assert.deepEqual([invalid.nextRetryDelay ?? null, invalid.nonRetryable], [null, true]);
});
