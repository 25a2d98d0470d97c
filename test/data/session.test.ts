import assert from 'node:assert/strict';
import test from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { openSession } from '../../src/data/session.ts';

// The limit is there only because a lost interrupt would let the query run for hours.
test('an abort at any moment around the start of a query ends it with CANCELLED', { timeout: 60_000 }, async () => {
  const endless = 'SELECT sum(sin(a.range + b.range)) AS x FROM range(1000000) a, range(1000000) b';
  for (let turns = 0; turns < 20; turns++) {
    const controller = new AbortController();
    const session = await openSession({ readable: 'any', threads: 1 + (turns % 2), signal: controller.signal });
    const running = session.rows(endless);
    const ended = assert.rejects(running, { code: 'CANCELLED' });
    for (let turn = 0; turn < turns; turn++) await setImmediate();
    controller.abort();
    await ended;
    await assert.rejects(session.rows('SELECT 1'), { code: 'CANCELLED' });
    session.close();
  }
});

test('kinds of columns are told apart', async (t) => {
  const session = await openSession({ readable: 'any', threads: 1 });
  t.after(() => session.close());
  const columns = await session.describe(`SELECT 1::UTINYINT a, 1::HUGEINT b, 1.5 c, true d, 'x' e, DATE '2024-01-01' f, [1.5::FLOAT] g,
    [1, 2]::INTEGER[2] h, [[1]] i, {a: 1} j, 'x'::BLOB k`);
  assert.deepEqual(
    columns.map(({ name, kind, isList, fitsInt64 }) => `${name} ${kind}${isList ? ' list' : ''}${fitsInt64 ? ' int64' : ''}`),
    [
      'a integer int64',
      'b integer',
      'c real',
      'd boolean',
      'e text',
      'f time',
      'g real list',
      'h integer list int64',
      'i integer list int64',
      'j unusable',
      'k unusable',
    ],
  );
});
