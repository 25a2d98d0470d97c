import test from 'node:test';
import { checkClean, checkGolden } from '../helpers/e2e-checks.ts';
import { runCli, runWords } from '../helpers/e2e-cli.ts';
import { goldenOf } from '../helpers/e2e-golden.ts';
import { makeWorkspace, runDocument } from '../helpers/e2e-workspace.ts';

test('a run through Temporal gives the weights that its activities give one by one, and leaves nothing behind', async (t) => {
  const golden = await goldenOf(runDocument());
  const workspace = await makeWorkspace(t);
  await checkGolden(await runCli(workspace, runWords(workspace)), { workspace, golden, kills: [0, 0] });
  await checkClean(workspace);
});
