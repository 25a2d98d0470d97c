import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { EXIT } from '../../src/cli/exit-codes.ts';
import { buildProgram } from '../../src/cli/run-cli.ts';
import { parseRun } from '../../src/config/parse-run.ts';
import { dataError } from '../../src/data/problems.ts';
import { findFiles } from '../../src/data/source-files.ts';
import { RootstockError } from '../../src/errors.ts';
import { builtinModels } from '../../src/models/registry.ts';
import { captureCli } from '../helpers/cli.ts';
import { assertSnippets, blockAfter, localLinks, readOwn, tableAfter } from '../helpers/markdown.ts';
import { temporaryDirectory } from '../helpers/store-faults.ts';

const root = new URL('../../', import.meta.url);
const readme = await readOwn('README.md');

test('every snippet of the README that names a file is that file', async () => {
  await assertSnippets(readme, ['examples/api/run.yaml', 'examples/api/run.ts']);
});

test("the README's two commands are npm ci with a command and a script of package.json", async () => {
  const { bin, scripts } = JSON.parse(await readOwn('package.json')) as {
    bin: Record<string, string>;
    scripts: Record<string, string>;
  };
  const commands = [...readme.matchAll(/^npm ci && (?<command>.+)$/gmu)].map((match) => match.groups?.['command']);
  assert.deepEqual(commands, ['npx rootstock run examples/digits/transfer.yaml', 'npm test']);
  assert.ok(bin['rootstock'] !== undefined && scripts['test'] !== undefined && scripts['postprepare'] !== undefined);
  assert.ok(existsSync(new URL('examples/digits/transfer.yaml', root)));
});

test('the README names every command that rootstock --help lists, in its order, and no other', async () => {
  const help = (await buildProgram()).commands.map((command) => command.name());
  const named = tableAfter(readme, 'commands').map(([cell]) => /`rootstock (?<name>[a-z]+)/u.exec(cell ?? '')?.groups?.['name']);
  assert.deepEqual(named, help);
});

test('an option that the README names for a command is an option of that command', async () => {
  const { commands } = await buildProgram();
  for (const cells of tableAfter(readme, 'commands')) {
    const row = cells.join(' ');
    const name = /`rootstock (?<name>[a-z]+)/u.exec(row)?.groups?.['name'];
    const options = commands.find((command) => command.name() === name)?.options.map(({ long }) => long) ?? [];
    for (const [option] of row.matchAll(/--[a-z-]+/gu)) assert.ok(options.includes(option), `${name} ${option}`);
  }
});

test("the README's exit codes are those of the command line", () => {
  const codes = tableAfter(readme, 'exit codes').map(([code]) => Number(code));
  assert.deepEqual(codes, Object.values(EXIT));
});

test("the README's run file is valid, has at most 25 lines, and plans", async (context) => {
  const text = await readOwn('examples/api/run.yaml');
  assert.ok(text.trimEnd().split('\n').length <= 25);
  assert.equal(parseRun(text, { source: 'README.md', models: builtinModels }).name, 'pets');
  const plan = await planText(context, 'examples/api/run.yaml');
  assert.match(plan, /^First runs: pets-pretrain/mu);
});

test('the plan that the README shows is what the first command prints', async (context) => {
  const shown = (blockAfter(readme, 'output') ?? '').split('\nRun "')[0] ?? '';
  const printed = new Set((await planText(context, 'examples/digits/transfer.yaml')).split('\n'));
  const lines = shown.split('\n').filter((line) => line !== '...');
  assert.ok(lines.length > 10);
  for (const line of lines) assert.ok(printed.has(line), line);
});

test('what the README calls refused by name is refused with NOT_AVAILABLE', async () => {
  const limits = readme.slice(readme.indexOf('## Limits'));
  const base = await readOwn('examples/api/run.yaml');
  const config = 'model.config';
  const stage = `${config}.transfer_learning.stages.1`;
  const refused: readonly (readonly [named: string, sets: readonly string[]])[] = [
    ['`LBFGS`', [`${config}.optimizer={name: LBFGS}`]],
    ['`SparseAdam`', [`${config}.optimizer={name: SparseAdam}`]],
    ['`LambdaLR`', [`${config}.scheduler={name: LambdaLR}`]],
    ['`MultiplicativeLR`', [`${config}.scheduler={name: MultiplicativeLR}`]],
    ['`precision`', [`${config}.trainer.precision=16`]],
    ['`from`', [`${stage}.from=initial`]],
    ['`gate`', [`${stage}.gate=yes`]],
    ['`on_failure`', [`${stage}.on_failure=stop`]],
    ['`shuffle_split`', ['data.split.name=k_fold']],
    ['`webgpu`', [`${config}.trainer.accelerator=webgpu`]],
    ['more than one device', [`${config}.trainer.devices=2`]],
  ];
  for (const [named, set] of refused) {
    assert.ok(limits.includes(named), named);
    assert.throws(
      () => parseRun(base, { source: 'run.yaml', models: builtinModels, set }),
      (error) => error instanceof RootstockError && error.code === 'NOT_AVAILABLE',
      set.join(' '),
    );
  }
});

test('the models of the README are those that are built', () => {
  const [list = ''] = /^Models: [^]*?, and your own\./mu.exec(readme) ?? [];
  const named = [...list.matchAll(/`(?<name>\w+)`/gu)].map(({ groups }) => groups?.['name'] ?? '');
  assert.deepEqual(new Set(named), new Set(builtinModels.map(({ name }) => name)));
});

test("the README's run file names every kind of file that data is read from", async (t) => {
  const [comment = ''] = /source: pets\.csv # .*/u.exec(await readOwn('examples/api/run.yaml')) ?? [];
  const folder = await temporaryDirectory(t);
  const formatsOf = async (text: string) => {
    const formats = new Set<string>();
    for (const [extension] of text.matchAll(/(?<![\w*])\.[a-z]+/gu)) {
      const path = join(folder, `data${extension}`);
      await writeFile(path, '');
      const files = await findFiles(path, 'data.source');
      formats.add('format' in files ? files.format : `${extension}: ${files.text}`);
    }
    return [...formats].sort();
  };
  assert.deepEqual(
    await formatsOf(comment),
    await formatsOf(dataError({ code: 'DATA_UNREADABLE', where: 'data.source', text: 'none' }).message),
  );
});

for (const page of [
  'README.md',
  'ARCHITECTURE.md',
  'DECISIONS.md',
  'CHANGELOG.md',
  'docs/errors.md',
  'docs/operations.md',
  'docs/from-physicsml.md',
  'docs/molecules.md',
  'docs/own-models.md',
]) {
  test(`the links of ${page} lead to files that are there`, async () => {
    for (const target of localLinks(await readOwn(page))) assert.ok(existsSync(new URL(target, new URL(page, root))), target);
  });
}

/** What `rootstock plan` prints of a file of this repository. */
async function planText(context: test.TestContext, path: string): Promise<string> {
  const state = await mkdtemp(join(tmpdir(), 'rootstock-readme-'));
  context.after(() => rm(state, { recursive: true, force: true }));
  const { exitCode, stdout, stderr } = await captureCli(context, ['--state', state, 'plan', fileURLToPath(new URL(path, root))]);
  assert.equal(exitCode, 0, stderr);
  return stdout;
}
