import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import test from 'node:test';
import type { Command } from 'commander';
import { buildProgram } from '../../src/cli/run-cli.ts';

const fixture = new URL('../fixtures/help.txt', import.meta.url);

/** Columns of the snapshot, whatever terminal the test runs in. */
const WIDTH = 100;

test('the help of rootstock and of each command is the recorded one (record it anew with ROOTSTOCK_UPDATE_HELP=1)', async () => {
  const program = await buildProgram();
  const text = [program, ...program.commands].map((command) => helpOf(command)).join('\n');
  if (process.env['ROOTSTOCK_UPDATE_HELP'] === '1') await writeFile(fixture, text);
  assert.equal(text, await readFile(fixture, 'utf8'));
});

test('every command takes --json, says what it does, and describes each of its options and arguments', async () => {
  for (const command of (await buildProgram()).commands) {
    const name = command.name();
    assert.notEqual(command.description(), '', name);
    assert.ok(
      command.options.some(({ long }) => long === '--json'),
      `${name} --json`,
    );
    for (const { long, description } of command.options) assert.notEqual(description, '', `${name} ${long ?? ''}`);
    for (const argument of command.registeredArguments) assert.notEqual(argument.description, '', `${name} ${argument.name()}`);
  }
});

/** Everything that --help writes, without colours. */
function helpOf(command: Command): string {
  let text = '';
  command.configureOutput({
    writeOut: (part) => {
      text += part;
    },
    getOutHelpWidth: () => WIDTH,
    getOutHasColors: () => false,
  });
  command.outputHelp();
  const name = command.parent === null ? 'rootstock' : `rootstock ${command.name()}`;
  return `$ ${name} --help\n${text}`;
}
