import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import test from 'node:test';
import { runCommand } from '../../src/server/run-command.ts';

const module = new URL('../../src/server/run-command.ts', import.meta.url).href;

/** Opens files until there is no descriptor left, then runs a command. */
const EXHAUSTED = `
import { openSync } from 'node:fs';
import { runCommand } from '${module}';
try { for (;;) openSync('/dev/null', 'r'); } catch (error) { if (error.code !== 'EMFILE') throw error; }
const result = await runCommand({ command: '/bin/sh', args: ['-c', 'true'], env: {}, timeoutMs: 5000 });
process.stdout.write(JSON.stringify(result));
`;

test('a command that cannot be started for want of file descriptors has failed, and nothing is thrown', () => {
  const node = [process.execPath, '--import', 'tsx', '--input-type=module', '-e', EXHAUSTED];
  const { stdout, stderr } = spawnSync('/bin/sh', ['-c', 'ulimit -n 128 && exec "$@"', 'sh', ...node], { encoding: 'utf8' });
  assert.deepEqual(JSON.parse(stdout || JSON.stringify(stderr)), { code: null, stdout: '', stderr: '', failure: 'spawn /bin/sh EMFILE' });
});

test('a command whose arguments are too long, or that is not there, has failed with the reason', async () => {
  const run = (command: string, args: readonly string[]) => runCommand({ command, args, env: {}, timeoutMs: 5000 });
  const long = await run('/bin/sh', ['-c', 'x'.repeat(8 * 2 ** 20)]);
  assert.deepEqual([long.code, long.failure], [null, 'spawn E2BIG']);
  const absent = await run('/no/such/command', []);
  assert.deepEqual([absent.code, absent.failure], [null, 'spawn /no/such/command ENOENT']);
});

test('a command gives its code and what it printed', async () => {
  const result = await runCommand({ command: '/bin/sh', args: ['-c', 'echo out; echo err >&2; exit 3'], env: {}, timeoutMs: 5000 });
  assert.deepEqual(result, { code: 3, stdout: 'out\n', stderr: 'err\n', failure: null });
});
