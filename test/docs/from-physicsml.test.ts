import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { buildProgram } from '../../src/cli/run-cli.ts';
import { parseRun } from '../../src/config/parse-run.ts';
import { builtinModels } from '../../src/models/registry.ts';
import { captureCli } from '../helpers/cli.ts';
import { temporaryDirectory } from '../helpers/store-faults.ts';

const root = join(import.meta.dirname, '../..');
const page = await readFile(join(root, 'docs/from-physicsml.md'), 'utf8');

/** Every `npx rootstock` command of the page, as words. */
const COMMANDS = [...page.matchAll(/```sh\n(?<text>[^]*?)```/gu)]
  .flatMap(({ groups }) => (groups?.['text'] ?? '').replaceAll('\\\n', ' ').split('\n'))
  .filter((line) => line.startsWith('npx rootstock '))
  .map((line) => line.trim().split(/\s+/u).slice(2));

test('every command of the page is a command with those options, and the files of examples that it names are there', async () => {
  const { commands } = await buildProgram();
  assert.ok(COMMANDS.length >= 6);
  for (const [name, ...words] of COMMANDS) {
    const options = commands.find((command) => command.name() === name)?.options.map(({ long }) => long) ?? assert.fail(name);
    for (const word of words.filter((each) => each.startsWith('--'))) assert.ok(options.includes(word), `${name} ${word}`);
    // The npm script makes data/ and models/, test/e2e/molecules-example.test.ts follows it.
    for (const word of words.filter((each) => /^examples\/molecules\/(?!data|models)/u.test(each))) {
      assert.ok(existsSync(join(root, word)), word);
    }
  }
});

test('the model_config of the page becomes a run file that is valid, with its two stages', async (t) => {
  const [convert = assert.fail('the page converts nothing')] = COMMANDS.filter(([name]) => name === 'convert');
  const out = join(await temporaryDirectory(t), 'mine.yaml');
  const words = convert.map((word, at) => (convert[at - 1] === '--out' ? out : word.replace(/^examples\//u, `${root}/examples/`)));
  const { exitCode, stderr } = await captureCli(t, words);
  assert.equal(exitCode, 0, stderr);
  const run = parseRun(await readFile(out, 'utf8'), { source: 'mine.yaml', models: builtinModels });
  assert.equal(run.model.name, 'egnn_model');
  assert.equal(run.transferLearning?.stages.length, 2);
});

test('the models that the page calls built are those that are', () => {
  const [built = ''] = /^Built: [^]*?\./mu.exec(page.slice(page.indexOf('## 6. Models'))) ?? [];
  const named = [...built.matchAll(/`(\w+)`/gu)].map(([, name]) => name);
  const models = builtinModels.map(({ name }) => name);
  assert.deepEqual(
    [...new Set(named)].sort((a = '', b = '') => a.localeCompare(b)),
    models.sort((a, b) => a.localeCompare(b)),
  );
});
