import { fileURLToPath } from 'node:url';

/** A Node command line: the executable and its arguments. */
export interface ModuleCommand {
  readonly command: string;
  readonly args: readonly string[];
}

/**
 * Builds the command line that runs one of our own main modules in a fresh Node process, from any working directory: the compiled `.js` in an
 * installed package, the `.ts` source through tsx in a checkout. Flags of this process (`--inspect`, `--test`) are not passed on.
 *
 * @param base import.meta.url of the caller; @param path relative to it, without extension
 */
export function buildModuleCommand(base: string, path: string): ModuleCommand {
  const fromSource = base.endsWith('.ts');
  const file = fileURLToPath(new URL(`${path}.${fromSource ? 'ts' : 'js'}`, base));
  return { command: process.execPath, args: [...(fromSource ? ['--import', import.meta.resolve('tsx')] : []), file] };
}

/** The environment for such a process: the given one without what steers a Node process from outside. */
export function moduleEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !STEERING.has(name)));
}

const STEERING = new Set(['NODE_OPTIONS', 'NODE_CHANNEL_FD', 'NODE_TEST_CONTEXT', 'NODE_UNIQUE_ID']);
