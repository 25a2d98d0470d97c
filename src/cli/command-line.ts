import type { Command } from 'commander';
import { shellWords } from '../contracts/shell-words.ts';

/** Writes a command that reaches the same state directory and models as the one that runs, as a shell reads it: `rootstock status my-run`. */
export type CommandLine = (...words: readonly string[]) => string;

/** The command lines that a command tells people to type. Options stand as they were written: relative paths stay relative. */
export function commandLineOf(command: Command): CommandLine {
  const { state, register = [] } = command.optsWithGlobals<{ state: string; register?: readonly string[] }>();
  const written = command.getOptionValueSourceWithGlobals('state') === 'cli';
  const globals = [...(written ? ['--state', state] : []), ...register.flatMap((path) => ['--register', path])];
  return (...words) => shellWords(['rootstock', ...words, ...globals]);
}

/** The words that run a file again, with the overrides it had. */
export function runAgain(file: string, sets: readonly string[]): readonly string[] {
  const operand = file.startsWith('-') ? `./${file}` : file;
  return ['run', operand, ...sets.flatMap((set) => ['--set', set])];
}
