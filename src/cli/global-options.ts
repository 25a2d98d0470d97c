import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Command } from 'commander';

/** Options that every command has. */
export interface GlobalOptions {
  /** Absolute. */
  readonly stateDir: string;
  /** Absolute file URLs. */
  readonly register: readonly string[];
}

/** Reads the global options of a command. */
export function globalOptions(command: Command): GlobalOptions {
  const { state, register = [] } = command.optsWithGlobals<{ state: string; register?: readonly string[] }>();
  return { stateDir: resolve(state), register: register.map((path) => pathToFileURL(resolve(path)).href) };
}
