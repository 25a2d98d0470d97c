import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { checkClean, toCompleted, untilStep } from '../helpers/e2e-checks.ts';
import { runCli, runWords, startCli } from '../helpers/e2e-cli.ts';
import { MOLECULE_STEPS, makeMoleculeWorkspace } from '../helpers/e2e-molecules.ts';
import { findProcesses, killProcess } from '../helpers/e2e-processes.ts';

test('an EGNN whose trainer is killed in each stage ends with the bits of an undisturbed run; its model predicts and is judged', async (t) => {
  const quiet = await makeMoleculeWorkspace(t);
  const planned = await runCli(quiet, ['plan', quiet.runFile]);
  assert.match(planned.stdout, /head computes egnn once for every row/u, planned.stderr);
  const undisturbed = await runCli(quiet, runWords(quiet));
  assert.equal(undisturbed.code, 0, `${undisturbed.stdout}\n${undisturbed.stderr}`);
  const golden = toCompleted(undisturbed.last);

  const workspace = await makeMoleculeWorkspace(t);
  const cli = startCli(workspace, runWords(workspace));
  for (const { stage_key: stageKey } of golden.stages) {
    await untilStep(workspace, stageKey, MOLECULE_STEPS / 3 + 3);
    const [trainer] = findProcesses(workspace.root, 'trainer-process');
    assert.ok(trainer, 'there is a trainer to kill');
    await killProcess(workspace.root, trainer.pid);
  }
  const end = await cli.ended;
  assert.equal(end.code, 0, `${end.stdout}\n${end.stderr}`);
  const completed = toCompleted(end.last);
  assert.equal(completed.weights_sha256, golden.weights_sha256);
  assert.deepEqual(
    completed.stages.map(({ weights_sha256, metrics, freeze_receipt }) => ({ weights_sha256, metrics, freeze_receipt })),
    golden.stages.map(({ weights_sha256, metrics, freeze_receipt }) => ({ weights_sha256, metrics, freeze_receipt })),
  );
  assert.deepEqual(completed.test, golden.test);
  assert.deepEqual(completed.baseline, golden.baseline);
  for (const name of ['val/total/loss', 'val/total/y_graph_scalars', 'val/mae', 'val/r2'])
    assert.equal(typeof completed.stages[1]?.metrics[name], 'number', name);

  const data = join(workspace.root, 'test.jsonl');
  const judged = await runCli(workspace, ['evaluate', completed.output, data, '--metrics', 'mae,rmse', '--json']);
  assert.equal(judged.code, 0, judged.stderr);
  const metrics = judged.last?.['metrics'] as Readonly<Record<string, number>>;
  assert.deepEqual(Object.keys(metrics), Object.keys(completed.test));
  // The rows are in the order of the file here and sorted by row_id there, so sums differ in their last digits.
  for (const [name, value] of Object.entries(completed.test))
    assert.ok(Math.abs((metrics[name] ?? 0) - Number(value)) <= 1e-5 * Number(value), name);

  const out = join(workspace.root, 'predictions.jsonl');
  const predicted = await runCli(workspace, ['predict', '--model', completed.output, '--data', data, '--out', out, '--json']);
  assert.equal(predicted.code, 0, predicted.stderr);
  const read = async (path: string) =>
    (await readFile(path, 'utf8'))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { readonly energy: number });
  const [found, truth] = [await read(out), await read(data)];
  const mae = truth.reduce((sum, { energy }, row) => sum + Math.abs(energy - (found[row]?.energy ?? Number.NaN)), 0) / truth.length;
  assert.equal(found.length, truth.length);
  assert.ok(Math.abs(mae - Number(completed.test['test/mae'])) <= 1e-5 * mae, 'predictions are in the order of the file');
  await checkClean(workspace);
});
