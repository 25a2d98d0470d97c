import assert from 'node:assert/strict';
import { appendFile, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { planDigest, sha256 } from '../../src/plan/digests.ts';
import { makeDirectory, planFile, runDocument, writeModel, writeRun } from './support.ts';

test('planning writes nothing', async (t) => {
  const directory = await makeDirectory(t);
  const path = await writeRun(directory, 'run.yaml', runDocument());
  await planFile(path);
  assert.deepEqual((await readdir(directory)).sort(), ['data.csv', 'run.yaml']);
});

test('planning twice reaches the same digest; new data changes both digests, a moved directory only that of the plan', async (t) => {
  const [directory, other] = [await makeDirectory(t), await makeDirectory(t)];
  const path = await writeRun(directory, 'run.yaml', runDocument());
  const first = await planFile(path);
  assert.equal(first.planDigest, planDigest(first.plan));
  assert.equal((await planFile(path)).planDigest, first.planDigest);

  const moved = await planFile(await writeRun(other, 'run.yaml', runDocument()));
  assert.equal(moved.plan.runDigest, first.plan.runDigest, 'paths count as written');
  assert.notEqual(moved.planDigest, first.planDigest, 'the plan has absolute ones');

  await appendFile(join(directory, 'data.csv'), '60,1,2,3,cat\n');
  const later = await planFile(path);
  assert.notEqual(later.plan.runDigest, first.plan.runDigest);
  assert.notEqual(later.planDigest, first.planDigest);
});

test('a default that is written out makes another run, but the same stages', async (t) => {
  const directory = await makeDirectory(t);
  const [implicit, explicit] = [
    await planFile(await writeRun(directory, 'a.yaml', runDocument())),
    await planFile(await writeRun(directory, 'b.yaml', runDocument({ seed: 0 }))),
  ];
  assert.notEqual(explicit.plan.runDigest, implicit.plan.runDigest);
  assert.deepEqual(explicit.plan.stages, implicit.plan.stages);
});

test('a saved model counts by the digest of its weights', async (t) => {
  const directory = await makeDirectory(t);
  const model = await writeModel(directory, 'old');
  const path = await writeRun(directory, 'run.yaml', runDocument({ preTrained: 'old' }));
  const before = await planFile(path);
  assert.equal(before.child, null);
  assert.ok(before.plan.initial.kind === 'pre_trained' && before.plan.initial.source.kind === 'model');
  assert.equal(before.plan.initial.source.path, model);
  assert.equal(before.plan.initial.match.missing.length, 0, 'modules_to_match is null: everything matches');

  const weights = join(model, 'weights.safetensors');
  const bytes = await readFile(weights);
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
  await writeFile(weights, bytes);
  assert.notEqual((await planFile(path)).plan.runDigest, before.plan.runDigest);
});

test('a run file that makes the pre-trained model is planned too, and runs when its output is not there', async (t) => {
  const directory = await makeDirectory(t);
  const first = await writeRun(directory, 'first.yaml', runDocument({ name: 'first' }));
  const path = await writeRun(directory, 'second.yaml', runDocument({ name: 'second', preTrained: 'first.yaml' }));
  const { plan, child } = await planFile(path);
  const parent = await planFile(first);
  assert.ok(child !== null);
  assert.equal(child.name, 'first');
  assert.equal(child.runDigest, parent.plan.runDigest);
  assert.match(child.reason, /not there/u);
  assert.ok(plan.initial.kind === 'pre_trained');
  assert.deepEqual(plan.initial.source, {
    kind: 'run_file',
    path: first,
    outputPath: join(directory, 'models/first'),
    runName: 'first',
    runDigest: parent.plan.runDigest,
  });
  assert.deepEqual(plan.initial.match.counts.matchedTensors, parent.plan.model.tree.tensors.length, 'matched without its weights');
});

test('its output is used when the manifest has the same run digest, and made again when not', async (t) => {
  const directory = await makeDirectory(t);
  const first = await writeRun(directory, 'first.yaml', runDocument({ name: 'first' }));
  const path = await writeRun(directory, 'second.yaml', runDocument({ name: 'second', preTrained: 'first.yaml' }));
  const { runDigest } = (await planFile(first)).plan;
  await writeModel(directory, 'models/first', { name: 'first', run_digest: runDigest, files: {} });
  const planned = await planFile(path);
  assert.equal(planned.child, null);

  await writeRun(directory, 'first.yaml', runDocument({ name: 'first', seed: 9 }));
  const changed = await planFile(path);
  assert.match(changed.child?.reason ?? '', /another configuration or other data/u);
  assert.notEqual(changed.plan.runDigest, planned.plan.runDigest, 'a changed parent is a changed run');
});

test('paths inside a run file of another directory are relative to that file', async (t) => {
  const directory = await makeDirectory(t);
  await writeRun(directory, 'parents/first.yaml', runDocument({ name: 'first', data: { train: '../data.csv', row_id: 'id' } }));
  const path = await writeRun(directory, 'second.yaml', runDocument({ name: 'second', preTrained: 'parents/first.yaml' }));
  const { child } = await planFile(path);
  assert.equal(child?.run.baseDir, join(directory, 'parents'));
});

test('run files that name each other are PRETRAINED_CYCLE and show the circle', async (t) => {
  const directory = await makeDirectory(t);
  const a = await writeRun(directory, 'a.yaml', runDocument({ name: 'a', preTrained: 'b.yaml' }));
  const b = await writeRun(directory, 'b.yaml', runDocument({ name: 'b', preTrained: 'a.yaml' }));
  await assert.rejects(planFile(a), { code: 'PRETRAINED_CYCLE', message: new RegExp(`${a} -> ${b} -> ${a}`, 'u') });
  const self = await writeRun(directory, 'self.yaml', runDocument({ name: 'self', preTrained: './self.yaml' }));
  await assert.rejects(planFile(self), { code: 'PRETRAINED_CYCLE' });
});

test('an error of the run file that makes the model is that run file’s', async (t) => {
  const directory = await makeDirectory(t);
  await writeRun(directory, 'first.yaml', { ...runDocument({ name: 'first' }), sede: 1 });
  const path = await writeRun(directory, 'second.yaml', runDocument({ name: 'second', preTrained: 'first.yaml' }));
  await assert.rejects(planFile(path), { code: 'CONFIG_INVALID', message: /first\.yaml:\d+:\d+ sede/u });
  const missing = await writeRun(directory, 'third.yaml', runDocument({ name: 'third', preTrained: 'nowhere.yaml' }));
  await assert.rejects(planFile(missing), { code: 'FILE_NOT_FOUND', message: /nowhere\.yaml/u });
});

test('an output that belongs to something else is refused before anything runs', async (t) => {
  const directory = await makeDirectory(t);
  await writeModel(directory, 'models/small', { name: 'other', run_digest: 'x', files: {} });
  await assert.rejects(planFile(await writeRun(directory, 'run.yaml', runDocument())), { code: 'OUTPUT_EXISTS', message: /run "other"/u });
});

test('an output that cannot be written is refused before anything runs, and trying it leaves nothing behind', async (t) => {
  const directory = await makeDirectory(t);
  await writeFile(join(directory, 'afile'), '');
  await symlink(join(directory, 'nowhere'), join(directory, 'astray'));
  const before = await readdir(directory);
  for (const output of ['afile/model', 'afile/deep/model', 'astray/model', 'm'.repeat(300)]) {
    const path = await writeRun(directory, 'run.yaml', runDocument({ output }));
    await assert.rejects(planFile(path), { code: 'OUTPUT_UNWRITABLE', message: /\nFix: set output\.path to another directory/u }, output);
  }
  await planFile(await writeRun(directory, 'run.yaml', runDocument({ output: 'new/deep/model' })));
  assert.deepEqual((await readdir(directory)).sort(), [...before, 'run.yaml'].sort());
});

test('a run cannot publish where the run that makes its pre-trained model publishes', async (t) => {
  const directory = await makeDirectory(t);
  await writeRun(directory, 'first.yaml', runDocument({ name: 'first', output: 'model' }));
  const path = await writeRun(directory, 'second.yaml', runDocument({ name: 'second', preTrained: 'first.yaml', output: './model' }));
  await assert.rejects(planFile(path), { code: 'OUTPUT_EXISTS', message: /first\.yaml/u });
  // Nor at a grandparent's place.
  await writeRun(directory, 'between.yaml', runDocument({ name: 'between', preTrained: 'first.yaml' }));
  const last = await writeRun(directory, 'last.yaml', runDocument({ name: 'last', preTrained: 'between.yaml', output: 'model' }));
  await assert.rejects(planFile(last), { code: 'OUTPUT_EXISTS', message: /first\.yaml/u });
});

test('labels become sorted classes of the training split, also text, and size the model', async (t) => {
  const directory = await makeDirectory(t, ['dog', 'cat', 'ant']);
  const document = runDocument({ model: 'mlp_classifier', config: { y_features: ['kind'] } });
  const { plan } = await planFile(await writeRun(directory, 'run.yaml', document));
  assert.deepEqual(plan.model.classes, ['ant', 'cat', 'dog']);
  assert.deepEqual(plan.model.config.classes, ['ant', 'cat', 'dog']);
  assert.deepEqual(plan.model.tree.tensors.find(({ path }) => path === 'module.2.weight')?.shape, [3, 3]);

  const given = runDocument({ model: 'mlp_classifier', config: { y_features: ['kind'], classes: ['dog', 'cat', 'ant', 'eel'] } });
  const ordered = await planFile(await writeRun(directory, 'given.yaml', given));
  assert.deepEqual(ordered.plan.model.classes, ['dog', 'cat', 'ant', 'eel'], 'given classes keep their order');

  const short = runDocument({ model: 'mlp_classifier', config: { y_features: ['kind'], classes: ['dog', 'cat'] } });
  await assert.rejects(planFile(await writeRun(directory, 'short.yaml', short)), { code: 'LABEL_OUT_OF_RANGE', message: /ant/u });
});

test('hyperparameters that contradict the data are refused', async (t) => {
  const directory = await makeDirectory(t);
  const path = await writeRun(directory, 'run.yaml', runDocument({ config: { input_dim: 5 } }));
  await assert.rejects(planFile(path), { code: 'MODEL_CONFIG_INVALID', message: /input_dim/u });
});

test('the digest of a run covers what is written, the data and the parent, nothing else', async (t) => {
  const directory = await makeDirectory(t);
  const document = runDocument();
  const { plan } = await planFile(await writeRun(directory, 'run.yaml', document));
  const data = Object.fromEntries(Object.entries(plan.data.facts.splits).map(([split, { digest }]) => [split, digest]));
  assert.equal(plan.runDigest, sha256({ format: 1, written: document, data, preTrained: null }));
});
