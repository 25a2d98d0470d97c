import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import test from 'node:test';
import { choosePorts } from '../../../src/server/supervisor/choose-ports.ts';

test('a state directory gets the same ports each time, and they are remembered', async () => {
  const first = await choosePorts('/some/state', null);
  assert.deepEqual(await choosePorts('/some/state', null), first);
  assert.equal(first.ui, first.grpc + 1);
  const other = await choosePorts('/other/state', first);
  assert.deepEqual(other, first);
});

test('ports that somebody else has are passed over', async (t) => {
  const first = await choosePorts('/squatted/state', null);
  const squatter = createServer().listen(first.ui, '127.0.0.1');
  t.after(() => squatter.close());
  await once(squatter, 'listening');
  const second = await choosePorts('/squatted/state', first);
  assert.notEqual(second.grpc, first.grpc);
  assert.notEqual(second.ui, first.ui);
});
