import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { appendFileSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { giveLogTo, pruneWorkerLogs, workerLog } from '../../src/cli/worker-logs.ts';
import { temporaryDirectory } from '../helpers/store-faults.ts';

/** The pid of a process that has ended. */
const ended = () => spawnSync('true').pid;

function writeAged(directory: string, name: string, age: number): void {
  writeFileSync(join(directory, name), name);
  utimesSync(join(directory, name), 1_000_000 - age, 1_000_000 - age);
}

test('of workers that have ended only the logs that were written to last stay, and other files are left alone', async (t) => {
  const directory = await temporaryDirectory(t);
  const [oldest, newest, older, newer] = [ended(), ended(), ended(), ended()].map((pid) => `worker-${pid}.log`) as [
    string,
    string,
    string,
    string,
  ];
  for (const [name, age] of Object.entries({ [oldest]: 4, [newest]: 1, [older]: 3, [newer]: 2, 'worker-7.txt': 9, 'notes.log': 9 }))
    writeAged(directory, name, age);
  for (let time = 0; time < 2; time += 1) {
    pruneWorkerLogs(directory, 2);
    assert.deepEqual(readdirSync(directory).sort(), ['notes.log', newest, newer, 'worker-7.txt'].sort());
  }
});

test('the log of a worker that lives stays however long it has written nothing, and counts for none of the others', async (t) => {
  const directory = await temporaryDirectory(t);
  const [mine, other] = [`worker-${process.pid}.log`, `worker-${ended()}.log`];
  writeAged(directory, mine, 9);
  writeAged(directory, other, 1);
  pruneWorkerLogs(directory, 1);
  assert.deepEqual(readdirSync(directory).sort(), [mine, other].sort());
  pruneWorkerLogs(directory, 0);
  assert.deepEqual(readdirSync(directory), [mine]);
});

test('the log of a detached worker is named after it; one that cannot be renamed keeps its name', async (t) => {
  const directory = await temporaryDirectory(t);
  const log = workerLog(directory, ended());
  assert.equal(giveLogTo(log, process.pid), log, 'there is none');
  appendFileSync(log, 'a warning');
  const own = giveLogTo(log, process.pid);
  assert.deepEqual(readdirSync(directory), [`worker-${process.pid}.log`]);
  assert.equal(readFileSync(own, 'utf8'), 'a warning');
});
