import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { buildProgram } from '../../src/cli/run-cli.ts';
import { parseRun } from '../../src/config/parse-run.ts';
import { LOSSES_NOT_BUILT } from '../../src/models/losses/loss-names.ts';
import { builtinModels } from '../../src/models/registry.ts';
import { predictionTable } from '../../src/training/prediction-table.ts';
import { captureCli } from '../helpers/cli.ts';
import { temporaryDirectory } from '../helpers/store-faults.ts';

const root = join(import.meta.dirname, '../..');
const page = await readFile(join(root, 'docs/from-physicsml.md'), 'utf8');

/** What the page says of differences. */
const DIFFERENCES = page.slice(page.indexOf('## 5. Every difference'), page.indexOf('## 6. Models'));

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

test('every row of what differs from molflux in docs/run-file.md is on the page, with its reason', async () => {
  const runFile = await readFile(join(root, 'docs/run-file.md'), 'utf8');
  const rows = tableRows(runFile.slice(runFile.indexOf('## What differs from molflux')).split('\n## Every key')[0] ?? '');
  assert.ok(rows.length > 10);
  const differences = tableRows(DIFFERENCES).filter((row) => row.length > 3);
  const named = differences.map(([what]) => what).join('\n');
  for (const [cell = ''] of rows) {
    const keys = [...cell.matchAll(/`(?<key>[^`]+)`/gu)].map(({ groups }) => groups?.['key'] ?? '');
    for (const word of keys.length > 0 ? keys.map((key) => `\`${key}\``) : [cell]) assert.ok(named.includes(word), `${cell}: ${word}`);
  }
  for (const cells of differences)
    assert.ok(
      cells.every((cell) => cell !== ''),
      cells.join(' | '),
    );
});

test('the page names every loss of physicsml that is not built, and no loss that is', () => {
  const [losses = ''] = /^- the losses [^]*?(?=\n- )/mu.exec(DIFFERENCES) ?? [];
  const named = [...losses.matchAll(/`(?<name>\w+Loss)`/gu)].map(({ groups }) => groups?.['name'] ?? '');
  assert.deepEqual(named.sort(), [...LOSSES_NOT_BUILT].sort());
});

test('every option that the page calls not built is refused by name', async () => {
  const text = await readFile(join(root, 'examples/api/run.yaml'), 'utf8');
  const config = 'model.config';
  const notBuilt = DIFFERENCES.slice(DIFFERENCES.indexOf('### Not built'));
  const columns = 'x_features: [physicsml_atom_idxs, physicsml_atom_numbers, physicsml_coordinates], y_features: [u0]';
  const egnn = `model={name: egnn_model, config: {${columns}, datamodule: {num_elements: 5, y_graph_scalars: [u0]}}}`;
  const step = '{name: StepLR, config: {step_size: 1}}';
  const refused: readonly (readonly [named: string, ...sets: string[]])[] = [
    ['`LBFGS`', `${config}.optimizer={name: LBFGS}`],
    ['`SparseAdam`', `${config}.optimizer={name: SparseAdam}`],
    ['`LambdaLR`', `${config}.scheduler={name: LambdaLR}`],
    ['`MultiplicativeLR`', `${config}.scheduler={name: MultiplicativeLR}`],
    ['`PReLU`', egnn, `${config}.mlp_activation=PReLU`],
    ['`y_graph_vector_loss_config`', egnn, `${config}.y_graph_vector_loss_config={name: MSELoss}`],
    ['a list in place of a `scheduler` mapping', `${config}.scheduler=[${step}]`],
    [
      'lists inside lists',
      `${config}.scheduler={name: ChainedScheduler, config: {schedulers: [{name: ChainedScheduler, config: {schedulers: [${step}]}}]}}`,
    ],
    ['`save_top_k`', `${config}.trainer.callbacks=[{name: ModelCheckpoint, config: {save_top_k: 2}}]`],
  ];
  for (const [named, ...set] of refused) {
    assert.ok(notBuilt.includes(named), named);
    assert.throws(() => parseRun(text, { source: 'run.yaml', models: builtinModels, set }), { code: 'NOT_AVAILABLE' }, set.join(' '));
  }
});

test('columns of predictions are called what the page says', () => {
  const [, theirs = '', ours = ''] = tableRows(DIFFERENCES).find(([what]) => what === 'columns of predictions') ?? [];
  assert.match(theirs, /`egnn_model::u0`, `egnn_model::u0::std`/u);
  const head = { values: Float32Array.of(1), width: 1 };
  const { columns } = predictionTable(
    { rows: 1, heads: { y_graph_scalars: head, 'y_graph_scalars::std': head }, sizes: null },
    { yFeatures: ['u0'], classes: null, targets: { y_graph_scalars: ['u0'] } },
  );
  const classes = predictionTable({ rows: 1, heads: { y: head }, sizes: null }, { yFeatures: ['y'], classes: ['<class>'], targets: null });
  assert.deepEqual(
    [...ours.matchAll(/`(?<name>[^`]+)`/gu)].map(({ groups }) => groups?.['name']),
    [...columns, ...classes.columns],
  );
});

/** Rows of all tables of a text as cells; headers and rules are left out. */
function tableRows(text: string): readonly (readonly string[])[] {
  const tables = text.match(/(?:^\|.*\|$\n?)+/gmu) ?? [];
  return tables.flatMap((table) =>
    table
      .trim()
      .split('\n')
      .slice(2)
      .map((row) =>
        row
          .split('|')
          .slice(1, -1)
          .map((cell) => cell.trim()),
      ),
  );
}
