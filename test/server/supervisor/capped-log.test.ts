import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, stat, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { openCappedLog } from '../../../src/server/supervisor/capped-log.ts';

test('a log keeps its newest lines and at most twice its cap', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'rootstock-log-'));
  t.after(() => rm(dir, { recursive: true, force: true }));
  const path = join(dir, 'server.log');
  for (const part of ['first', 'second']) {
    const log = openCappedLog(path, 1000);
    for (let line = 0; line < 500; line += 1) log.write(`${part} ${line}\n`);
    log.close();
  }
  // One line may go over the cap before the file is turned.
  const sizes = [(await stat(path)).size, (await stat(`${path}.1`)).size];
  assert.ok(
    sizes.every((size) => size <= 1020),
    String(sizes),
  );
  assert.ok((await readFile(path, 'utf8')).endsWith('second 499\n'));
});

test('what cannot be written is lost, and nothing else', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'rootstock-log-'));
  t.after(() => rm(dir, { recursive: true, force: true }));
  const path = join(dir, 'server.log');
  await symlink('/dev/full', path);
  const log = openCappedLog(path, 1000);
  log.write('nobody has room for this');
  log.close();
  const turning = openCappedLog(join(dir, 'gone.log'), 10);
  turning.write('longer than the cap');
  await rm(join(dir, 'gone.log'));
  turning.write('lost: there is nothing to rename');
  turning.write('kept');
  turning.close();
  assert.equal(await readFile(join(dir, 'gone.log'), 'utf8'), 'kept');
});
