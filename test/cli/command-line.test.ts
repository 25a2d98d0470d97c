import assert from 'node:assert/strict';
import test from 'node:test';
import { Command } from 'commander';
import { collect } from '../../src/cli/collect.ts';
import { commandLineOf, runAgain } from '../../src/cli/command-line.ts';

/** The command line that a command with these words would tell people to type. */
async function told(words: readonly string[], ...say: readonly string[]): Promise<string> {
  let text = '';
  const program = new Command('rootstock').option('--state <dir>', '', '.rootstock').option('--register <module>', '', collect);
  program
    .command('run')
    .argument('<file>')
    .option('--set <key=value>', '', collect)
    .action((_file: string, _flags: object, command: Command) => {
      text = commandLineOf(command)(...say);
    });
  await program.parseAsync([...words], { from: 'user' });
  return text;
}

test('a command that is told reaches the state directory and the models that this one was given', async () => {
  assert.equal(await told(['run', 'a.yaml'], 'cancel', 'a'), 'rootstock cancel a');
  assert.equal(
    await told(['run', 'a.yaml', '--state', 'my runs', '--register', './m.ts', '--register', 'n.ts'], 'cancel', 'a'),
    "rootstock cancel a --state 'my runs' --register ./m.ts --register n.ts",
  );
  assert.equal(await told(['--state', '.rootstock', 'run', 'a.yaml'], 'status', 'a'), 'rootstock status a --state .rootstock');
});

test('a run goes on with the overrides that it had, in their order and quoted for a shell', async () => {
  const again = runAgain('my runs/a.yaml', ['model.config.x=[1, 2]', 'seed=3']);
  assert.equal(await told(['run', 'x'], ...again), "rootstock run 'my runs/a.yaml' --set 'model.config.x=[1, 2]' --set seed=3");
});

test('a run file whose name begins like an option is named by its path', () => {
  assert.deepEqual(runAgain('-x.yaml', []), ['run', './-x.yaml']);
});
