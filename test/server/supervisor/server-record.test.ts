import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { readServerRecord, type ServerRecord, writeServerRecord } from '../../../src/server/supervisor/server-record.ts';

test('a record is read as it was written; none, a damaged one and one that names pid 1 are no record', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'rootstock-record-'));
  t.after(() => rm(dir, { recursive: true, force: true }));
  const path = join(dir, 'server.json');
  assert.equal(await readServerRecord(path), null);
  const server = { pid: 4242, startTime: '17', bootId: 'b' };
  const record: ServerRecord = { format: 1, server, ports: { grpc: 20_000, ui: 20_001 }, retentionDays: null };
  await writeServerRecord(path, record);
  assert.deepEqual(await readServerRecord(path), record);
  for (const damaged of ['', '{"format":1', 'null', JSON.stringify({ ...record, ports: { grpc: 0, ui: 1 } })]) {
    await writeFile(path, damaged);
    assert.equal(await readServerRecord(path), null, damaged);
  }
  await writeServerRecord(path, { ...record, server: { ...server, pid: 1 } });
  assert.equal(await readServerRecord(path), null);
});
