import { lastLine, runCommand } from '../run-command.ts';

/** The oldest Temporal CLI whose dev server knows workflow Updates, user metadata (summaries) and `--sqlite-pragma` as we use them. */
const MINIMUM_CLI_VERSION = '1.3.0';

/** A usable binary with its version, or why it is not one. */
export type ProbeResult = { readonly version: string } | { readonly problem: string };

/** Runs `PATH --version` and checks that it is a Temporal CLI, new enough. */
export async function probeBinary(path: string, env: NodeJS.ProcessEnv, signal?: AbortSignal): Promise<ProbeResult> {
  const result = await runCommand({ command: path, args: ['--version'], env, timeoutMs: 20_000, signal });
  if (result.code !== 0) return { problem: `cannot be run: ${lastLine(result)}` };
  const version = /^temporal version (\d+\.\d+\.\d+)/m.exec(result.stdout)?.[1];
  if (version === undefined) return { problem: 'is not the Temporal CLI: `--version` did not print "temporal version ..."' };
  if (isOlder(version, MINIMUM_CLI_VERSION)) return { problem: `is version ${version}; ${MINIMUM_CLI_VERSION} or newer is needed` };
  return { version };
}

function isOlder(version: string, than: string): boolean {
  const [left, right] = [version.split('.').map(Number), than.split('.').map(Number)];
  for (let index = 0; index < 3; index += 1) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}
