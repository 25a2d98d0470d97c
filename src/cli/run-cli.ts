import { Command, CommanderError } from 'commander';
import { VERSION } from '../contracts/version.ts';
import { RootstockError } from '../errors.ts';
import type { AddCommand } from './add-command.ts';
import { collect } from './collect.ts';
import { commandWord } from './command-word.ts';
import { loadCommands } from './commands.ts';
import { EXIT } from './exit-codes.ts';
import { reportError } from './output.ts';
import type { PreparedWorker } from './prepared-worker.ts';

/** Runs the command line and returns its exit code. The caller ends what was prepared and not used. */
export async function runCli(words: readonly string[], prepared?: PreparedWorker): Promise<number> {
  let exitCode: number = EXIT.done;
  const done = (code: number) => {
    exitCode = code;
  };
  const program = addCommands(await loadCommands(commandWord(words)), done, prepared);
  try {
    await program.parseAsync([...words], { from: 'user' });
    return exitCode;
  } catch (error) {
    const json = words.includes('--json');
    if (!(error instanceof CommanderError)) return reportError(error, json);
    if (error.exitCode === 0) return EXIT.done;
    // commander has told people already; programs get the same as one line
    return json ? reportError(new RootstockError('USAGE', error.message), json) : EXIT.badInput;
  }
}

/** Builds the whole command tree: what documentation and completion are made from. */
export async function buildProgram(): Promise<Command> {
  return addCommands(await loadCommands(), () => undefined);
}

function addCommands(commands: readonly AddCommand[], done: (exitCode: number) => void, prepared?: PreparedWorker): Command {
  const program = new Command('rootstock')
    .description('Durable, config-driven transfer learning: every step a Temporal activity, every interruption resumed bit for bit.')
    .version(VERSION)
    .option('--state <dir>', 'state directory: store, embedded server, caches, logs', '.rootstock')
    .option('--register <module>', 'module with further model definitions (repeatable)', collect)
    .configureHelp({ showGlobalOptions: true, sortSubcommands: false })
    .exitOverride()
    .showHelpAfterError('(add --help for what there is)')
    .addHelpText(
      'after',
      `
Examples:
  rootstock run examples/digits/transfer.yaml      train; run it again after any interruption and it goes on
  rootstock plan my-run.yaml                       show every resolved value, train nothing
  rootstock status my-run                          where a run is, and how to go on when it waits for you
  rootstock predict --model models/digits --data new.parquet --out predictions.csv

Exit codes: 0 done, 1 the run failed or needs attention, 2 bad input, 3 environment (no server, binary or platform), 130 interrupted.`,
    );
  for (const add of commands) add(program, done, prepared);
  for (const command of program.commands) command.exitOverride();
  return program;
}
