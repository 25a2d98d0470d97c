import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { pruneWorkerLogs } from '../../src/cli/worker-logs.ts';

test('only the logs of workers that were written to last stay, and other files are left alone', () => {
  const directory = mkdtempSync(join(tmpdir(), 'rootstock-logs-'));
  const ages = { 'worker-30.log': 4, 'worker-4.log': 1, 'worker-500.log': 3, 'worker-6.log': 2, 'worker-7.txt': 9, 'notes.log': 9 };
  for (const [name, age] of Object.entries(ages)) {
    writeFileSync(join(directory, name), name);
    utimesSync(join(directory, name), 1_000_000 - age, 1_000_000 - age);
  }
  pruneWorkerLogs(directory, 2);
  assert.deepEqual(readdirSync(directory).sort(), ['notes.log', 'worker-4.log', 'worker-6.log', 'worker-7.txt']);
  pruneWorkerLogs(directory, 2);
  assert.equal(readdirSync(directory).length, 4);
});
