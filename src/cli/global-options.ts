import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Command } from 'commander';
import { RootstockError } from '../errors.ts';

/** Options that every command has. */
export interface GlobalOptions {
  /** Absolute. */
  readonly stateDir: string;
  /** Absolute file URLs. */
  readonly register: readonly string[];
}

/** Reads the global options of a command. USAGE for an empty state directory, as an unset variable of a shell gives. */
export function globalOptions(command: Command): GlobalOptions {
  const { state, register = [] } = command.optsWithGlobals<{ state: string; register?: readonly string[] }>();
  if (state === '') {
    throw new RootstockError(
      'USAGE',
      '--state: expected a directory, received "".\nFix: name one, or leave --state out for .rootstock here.',
    );
  }
  return { stateDir: resolve(state), register: register.map((path) => pathToFileURL(resolve(path)).href) };
}
