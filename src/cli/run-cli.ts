import { Command, CommanderError } from 'commander';
import { VERSION } from '../contracts/version.ts';
import { RootstockError } from '../errors.ts';
import { abortCommand, cancelCommand, retryCommand } from './commands/control.ts';
import { convertCommand } from './commands/convert.ts';
import { doctorCommand } from './commands/doctor.ts';
import { evaluateCommand } from './commands/evaluate.ts';
import { exportCommand } from './commands/export.ts';
import { gcCommand } from './commands/gc.ts';
import { inspectCommand } from './commands/inspect.ts';
import { collect, planCommand } from './commands/plan.ts';
import { predictCommand } from './commands/predict.ts';
import { runCommand } from './commands/run.ts';
import { schemaCommand } from './commands/schema.ts';
import { listCommand, statusCommand } from './commands/status.ts';
import { devCommand, workerCommand } from './commands/worker.ts';
import { EXIT } from './exit-codes.ts';
import { reportError } from './output.ts';
import type { PreparedWorker } from './prepared-worker.ts';

/** A subcommand: adds itself to the program and reports its exit code. `prepared`: a worker that waits for one that needs it. */
export type AddCommand = (program: Command, done: (exitCode: number) => void, prepared?: PreparedWorker) => void;

const COMMANDS: readonly AddCommand[] = [
  runCommand,
  planCommand,
  listCommand,
  statusCommand,
  cancelCommand,
  retryCommand,
  abortCommand,
  predictCommand,
  evaluateCommand,
  exportCommand,
  inspectCommand,
  convertCommand,
  workerCommand,
  devCommand,
  gcCommand,
  schemaCommand,
  doctorCommand,
];

/** Runs the command line and returns its exit code. The caller ends what was prepared and not used. */
export async function runCli(words: readonly string[], prepared?: PreparedWorker): Promise<number> {
  let exitCode: number = EXIT.done;
  const program = buildProgram((code) => {
    exitCode = code;
  }, prepared);
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

/** Builds the whole command tree; also what documentation and completion are made from. */
export function buildProgram(done: (exitCode: number) => void, prepared?: PreparedWorker): Command {
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
  for (const add of COMMANDS) add(program, done, prepared);
  for (const command of program.commands) command.exitOverride();
  return program;
}
