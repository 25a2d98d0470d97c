import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { openSampleLog } from '../../src/training/sample-log.ts';
import { scratchDirectory } from '../helpers/scratch-directory.ts';

test('a line is in the file at once, and flush counts all lines, those of an earlier opening too', async () => {
  const path = join(await scratchDirectory(), 'raw.jsonl');
  const first = openSampleLog(path);
  first.append({ step: 1, epoch: 0, batch: 0, rows: ['ä', 'b\n"'] });
  assert.equal((await readFile(path, 'utf8')).split('\n').length, 2, 'before any flush');
  assert.equal(await first.flush(), 1);
  first.append({ snapshot: 0, step: 1 });
  first.close();
  const second = openSampleLog(path);
  second.append({ step: 2, epoch: 0, batch: 1, rows: [] });
  assert.equal(await second.flush(), 3);
  second.close();
  const lines = (await readFile(path, 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line): unknown => JSON.parse(line));
  assert.deepEqual(lines[0], { step: 1, epoch: 0, batch: 0, rows: ['ä', 'b\n"'] });
  assert.deepEqual(lines[1], { snapshot: 0, step: 1 });
});

test('a place that cannot be written is STORE_IO', () => {
  assert.throws(() => openSampleLog('/proc/none/raw.jsonl'), { code: 'STORE_IO' });
});
