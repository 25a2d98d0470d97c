import assert from 'node:assert/strict';
import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { captureCli } from '../helpers/cli.ts';
import { temporaryDirectory } from '../helpers/store-faults.ts';

const fixtures = join(import.meta.dirname, '../fixtures');
const model = join(fixtures, 'golden/c_mlp/pre_trained_model');

test('export says what it wrote, for people and for programs', async (t) => {
  const directory = await temporaryDirectory(t);
  const people = await captureCli(t, ['export', model, '--format', 'physicsml', '--out', join(directory, 'a')]);
  assert.deepEqual([people.exitCode, people.stderr], [0, '']);
  assert.match(people.stdout, /^Wrote 6 tensors as physicsml: .*\n[\s\S]*module_checkpoint\.ckpt/u);
  assert.deepEqual((await readdir(join(directory, 'a'))).sort(), [
    'featurisation_metadata.json',
    'model_artefacts',
    'model_config.json',
    'requirements.txt',
  ]);

  const out = join(directory, 'a.pt');
  const programs = await captureCli(t, ['export', join(directory, 'a'), '--format', 'torch', '--out', out, '--json']);
  assert.equal(programs.exitCode, 0);
  const { files, ...event } = JSON.parse(programs.stdout) as {
    readonly files: readonly { readonly path: string; readonly byteLength: number }[];
  };
  assert.deepEqual(event, { event: 'exported', format: 'torch', out, tensors: 6, conversions: [], warnings: [] });
  assert.deepEqual(
    files.map(({ path, byteLength }) => [path, byteLength]),
    [[out, (await readFile(out)).byteLength]],
  );
});

test('a refused export ends with exit code 2 and says what to do', async (t) => {
  const out = join(await temporaryDirectory(t), 'a.pt');
  const args = ['export', model, '--format', 'torch', '--out', out];
  assert.equal((await captureCli(t, args)).exitCode, 0);
  const again = await captureCli(t, args);
  assert.equal(again.exitCode, 2);
  assert.match(again.stderr, /^OUTPUT_EXISTS: .*a\.pt.*\nFix: choose another path/u);
  const unknown = await captureCli(t, ['export', model, '--format', 'onnx', '--out', out]);
  assert.equal(unknown.exitCode, 2);
  const hostile = await captureCli(t, [
    'export',
    join(fixtures, 'torch/refused_eval.pt'),
    '--format',
    'safetensors',
    '--out',
    `${out}.safetensors`,
  ]);
  assert.equal(hostile.exitCode, 2);
  assert.match(hostile.stderr, /^CHECKPOINT_UNSUPPORTED: [\s\S]*__builtin__\.eval/u);
});

test('an export never lands in the model it reads, and wrong values of its configuration are refused with their place', async (t) => {
  const directory = await temporaryDirectory(t);
  const copy = join(directory, 'model');
  await cp(model, copy, { recursive: true });
  const write = (out: string) => captureCli(t, ['export', copy, '--format', 'torch', '--out', join(directory, out)]);
  const inside = await write('model/weights.pt');
  assert.equal(inside.exitCode, 2);
  assert.match(inside.stderr, /^OUTPUT_EXISTS: .*weights\.pt" is in the saved model.*\nFix: choose a path outside/u);

  const path = join(copy, 'model_config.json');
  const written = JSON.parse(await readFile(path, 'utf8')) as { readonly config: object };
  await writeFile(path, JSON.stringify({ ...written, config: { ...written.config, dropout: 'some' } }));
  const wrong = await write('weights.pt');
  assert.equal(wrong.exitCode, 2);
  assert.match(wrong.stderr, /^CHECKPOINT_INVALID: [^]*config\.dropout: /u);
  assert.deepEqual(await readdir(directory), ['model']);
});

test('inspect lists the same tensors of a checkpoint, of its directory, and of what they are exported as', async (t) => {
  const directory = await temporaryDirectory(t);
  const tensors = async (path: string) => {
    const { exitCode, stdout } = await captureCli(t, ['inspect', path, '--json']);
    assert.equal(exitCode, 0);
    return (JSON.parse(stdout) as { readonly tensors: readonly object[] }).tensors;
  };
  const expected = await tensors(join(fixtures, 'golden/c_mlp/pre_trained.safetensors'));
  assert.equal(expected.length, 6);
  for (const [format, out] of [
    ['physicsml', 'dir'],
    ['torch', 'm.pth'],
    ['safetensors', 'm.safetensors'],
  ] as const) {
    await captureCli(t, ['export', model, '--format', format, '--out', join(directory, out)]);
    assert.deepEqual(await tensors(join(directory, out)), expected, format);
  }
  assert.deepEqual(await tensors(model), expected);
});
