import assert from 'node:assert/strict';
import test from 'node:test';
import { getJson } from '../../src/artifacts/json-blob.ts';
import { loadWeights } from '../../src/artifacts/safetensors/weights-blob.ts';
import type { MatchReport, Plan } from '../../src/contracts/plan.ts';
import { initialiseWeights } from '../../src/transfer/initialise.ts';
import { attempt, makeRun, prepare } from './support.ts';

test('matched modules hold the pre-trained values, all others the fresh ones of (seed, path)', async (t) => {
  const run = await makeRun(t);
  const { summary, loaded, matched } = await prepare(run);
  assert.ok(loaded.preTrained !== null && matched.report !== null);
  const { store } = run.deps;
  const { model, seed } = await getJson<Plan>(store, summary.plan);
  const [weights, preTrained] = [await loadWeights(store, matched.weights), await loadWeights(store, loaded.preTrained)];
  const fresh = initialiseWeights(model.tree, seed);
  const copied: string[] = [];
  for (const [path, tensor] of weights) {
    const source = path.startsWith('module.0.') || path.startsWith('module.1.') ? preTrained : fresh;
    assert.deepEqual(tensor, source.get(path), path);
    if (source === preTrained) copied.push(path);
  }
  assert.deepEqual([...weights.keys()].sort(), [...fresh.keys()].sort(), 'nothing is left out');
  const report = await getJson<MatchReport>(store, matched.report);
  assert.deepEqual(report.matched.map(({ to }) => to).sort(), copied.sort());
  assert.ok(
    copied.some((path) => path.includes('running_mean')),
    'buffers come with their module',
  );
  assert.ok(fresh.get('module.0.weight') !== undefined);
  assert.notDeepEqual(weights.get('module.0.weight'), fresh.get('module.0.weight'), 'the two differ where it matters');
});

test('matching twice gives the same references', async (t) => {
  const run = await makeRun(t);
  const { summary, loaded, matched } = await prepare(run);
  assert.deepEqual(await attempt(run).match({ plan: summary.plan, preTrained: loaded.preTrained }), matched);
});
