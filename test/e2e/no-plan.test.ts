import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import test, { type TestContext } from 'node:test';
import { runCli, runWords, startCli } from '../helpers/e2e-cli.ts';
import { findProcesses, processesOf, untilNoProcessOf } from '../helpers/e2e-processes.ts';
import { until } from '../helpers/e2e-wait.ts';
import { makeWorkspace, runDocument, type Workspace, writeRun } from '../helpers/e2e-workspace.ts';

/** Longer than any test: whoever reads it is ended before. */
const ENDLESS =
  'SELECT id, 1.0 AS x FROM range(100000) r(id) WHERE id < (SELECT count(*) FROM range(100000) a, range(100000000) b WHERE (a.range * b.range) % 7 = 3)';

/** A workspace whose run is being planned for ever. */
async function makeEndless(t: TestContext): Promise<Workspace> {
  const workspace = await makeWorkspace(t, { ...runDocument(), data: { train: { sql: ENDLESS, row_id: 'id' } } });
  return workspace;
}

const stateOf = async ({ root }: Workspace) => (await readdir(root)).filter((name) => name === 'state');

test('a run whose plan fails ends with 2, and leaves no server, worker or state directory', async (t) => {
  const workspace = await makeWorkspace(t, runDocument({ preTrained: 'nowhere' }));
  const { code, last } = await runCli(workspace, runWords(workspace));
  assert.equal(code, 2);
  assert.equal(last?.['code'], 'FILE_NOT_FOUND');
  await untilNoProcessOf(workspace.root);
  assert.deepEqual(await readdir(workspace.stateDir), ['cache'], 'what was found in the data is kept, as by "plan"');
});

test('a run whose file is wrong starts nothing', async (t) => {
  const workspace = await makeWorkspace(t);
  await writeRun(workspace.runFile, { ...runDocument(), sede: 3 });
  const { code, last } = await runCli(workspace, runWords(workspace));
  assert.equal(code, 2);
  assert.equal(last?.['code'], 'CONFIG_INVALID');
  assert.deepEqual(processesOf(workspace.root), []);
  assert.deepEqual(await stateOf(workspace), []);
});

for (const [how, signal] of [
  ['Ctrl-C', 'SIGINT'],
  ['SIGKILL', 'SIGKILL'],
] as const) {
  test(`${how} while a run is planned leaves nothing`, async (t) => {
    const workspace = await makeEndless(t);
    const cli = startCli(workspace, runWords(workspace));
    await cli.during(() => until(() => findProcesses(workspace.root, 'server').length > 0, 'the server that is started meanwhile'));
    process.kill(-cli.pid, signal);
    const { code, stdout } = await cli.ended;
    assert.deepEqual([code, stdout], [null, '']);
    await untilNoProcessOf(workspace.root);
    assert.deepEqual(await stateOf(workspace), []);
  });
}
