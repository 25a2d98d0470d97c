import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { moduleEnvironment } from '../../src/server/module-command.ts';
import { readServerRecord } from '../../src/server/supervisor/server-record.ts';
import { testServerEnvironment, waitUntilGone } from '../helpers/temporal-server.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

test('the example for code compiles against the public API', () => {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), (path) => ts.sys.readFile(path));
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  const program = ts.createProgram([join(root, 'examples/api/run.ts')], {
    ...options,
    noEmit: true,
    paths: { rootstock: [join(root, 'src/index.ts')] },
  });
  const example = program.getSourceFiles().filter(({ fileName }) => fileName.endsWith('examples/api/run.ts'));
  assert.equal(example.length, 1);
  const problems = example.flatMap((file) => [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)]);
  assert.deepEqual(
    problems.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n')),
    [],
  );
});

test('the example for code runs its run file to the end and prints the output directory and the test metrics', async (context) => {
  const directory = await mkdtemp(join(tmpdir(), 'rootstock-api-'));
  context.after(async () => {
    const record = await readServerRecord(join(directory, '.rootstock/server/server.json'));
    if (record !== null) await waitUntilGone([record.server]);
    await rm(directory, { recursive: true, force: true, maxRetries: 5 });
  });
  await cp(join(root, 'examples/api'), directory, { recursive: true, filter: (path) => !path.includes('/models') });
  const main = join(directory, 'run.ts');
  const source = await readFile(main, 'utf8');
  assert.match(source, /from 'rootstock'/u);
  await writeFile(main, source.replace("'rootstock'", JSON.stringify(new URL('../../src/index.ts', import.meta.url).href)));
  await writeFile(join(directory, 'package.json'), '{"type":"module"}');

  const child = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), main], {
    cwd: directory,
    env: moduleEnvironment(testServerEnvironment()),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  context.after(() => child.kill('SIGKILL'));
  const [stdout, stderr, [exitCode]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  assert.equal(exitCode, 0, stderr);
  assert.match(stdout, /^completed$/mu);
  assert.match(stdout, /models\/pets \{\s+'test\/total\/loss': [\d.]+,\s+'test\/accuracy': [\d.]+\s+\}\s*$/u);
});
