import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { claimOwnership, isOwner, readOwner } from '../../../src/server/supervisor/ownership.ts';

async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'rootstock-owner-'));
  t.after(() => rm(path, { recursive: true, force: true }));
  return path;
}

test('of many contenders exactly one becomes the owner', async (t) => {
  const dir = await folder(t);
  const claims = await Promise.all(Array.from({ length: 20 }, (_, index) => claimOwnership(dir, 0, `s${index}.sock`)));
  const winners = claims.filter((owner) => owner !== null);
  assert.equal(winners.length, 1);
  assert.deepEqual(await readOwner(dir), winners[0]);
});

test('a new owner sweeps what dead ones left and keeps its own socket', async (t) => {
  const dir = await folder(t);
  await claimOwnership(dir, 0, 'one.sock');
  await writeFile(join(dir, 'one.sock'), '');
  await writeFile(join(dir, 'two.sock'), '');
  await writeFile(join(dir, 'server.json'), '{}');
  const owner = await claimOwnership(dir, 1, 'two.sock');
  assert.deepEqual(owner, { number: 2, socket: 'two.sock' });
  assert.deepEqual((await readdir(dir)).sort(), ['owner-2.json', 'server.json', 'two.sock']);
});

test('a contender that slept through a whole ownership cannot take a number that was passed', async (t) => {
  const dir = await folder(t);
  await claimOwnership(dir, 0, 'one.sock');
  await claimOwnership(dir, 1, 'two.sock');
  // It saw no owner, and by now owner-1.json is gone, so creating it succeeds.
  assert.equal(await claimOwnership(dir, 0, 'slow.sock'), null);
  assert.deepEqual(await readOwner(dir), { number: 2, socket: 'two.sock' });
});

test('an owner knows when it was superseded or its state directory removed', async (t) => {
  const dir = await folder(t);
  const owner = await claimOwnership(dir, 0, 'one.sock');
  assert.ok(owner !== null);
  assert.equal(await isOwner(dir, owner), true);
  await claimOwnership(dir, 1, 'two.sock');
  assert.equal(await isOwner(dir, owner), false);
  await rm(dir, { recursive: true });
  assert.equal(await isOwner(dir, owner), false);
});

test('a damaged owner file counts as an owner without a socket, so its number is passed', async (t) => {
  const dir = await folder(t);
  await writeFile(join(dir, 'owner-7.json'), '');
  assert.deepEqual(await readOwner(dir), { number: 7, socket: '' });
  await writeFile(join(dir, 'owner-8.json'), JSON.stringify({ socket: '../elsewhere.sock' }));
  assert.deepEqual(await readOwner(dir), { number: 8, socket: '' });
});
