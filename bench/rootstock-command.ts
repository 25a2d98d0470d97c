import { type ChildProcess, spawn } from 'node:child_process';
import { killEverythingOf } from '../test/helpers/e2e-processes.ts';
import { COMMAND_MAIN } from './build.ts';

/** A `rootstock` command from dist/ that runs in a directory. */
export interface RunningCommand {
  readonly child: ChildProcess;
  /** performance.now() just before the process was started. */
  readonly startedAt: number;
  /** Its end; rejects with what it printed when it fails. */
  readonly ended: Promise<EndedCommand>;
}

/** How a command ended well. */
export interface EndedCommand {
  /** From before the start of the process to its exit. */
  readonly wallMs: number;
  /** Every line of --json and how long after the start it came. */
  readonly events: readonly { readonly atMs: number; readonly event: Readonly<Record<string, unknown>> }[];
}

/** Starts a command. `directory` is its working directory and, through its environment, the mark by which its processes are found again. */
export function startRootstock(directory: string, words: readonly string[]): RunningCommand {
  const startedAt = performance.now();
  const child = spawn(process.execPath, [COMMAND_MAIN, ...words], {
    cwd: directory,
    env: ownServer(directory),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const events: { atMs: number; event: Record<string, unknown> }[] = [];
  let [rest, printed] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines)
      if (line.startsWith('{')) events.push({ atMs: performance.now() - startedAt, event: JSON.parse(line) as Record<string, unknown> });
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    printed = (printed + text).slice(-4000);
  });
  const ended = new Promise<EndedCommand>((resolve, reject) => {
    let wallMs = 0;
    child.once('error', reject);
    child.once('exit', () => {
      wallMs = performance.now() - startedAt;
    });
    child.once('close', (code) => {
      if (code === 0) resolve({ wallMs, events });
      else reject(new Error(`"rootstock ${words.join(' ')}" ended with code ${code}:\n${JSON.stringify(events.at(-1))}\n${printed}`));
    });
  });
  // A caller that kills the command on purpose does not wait for its end.
  ended.catch(() => undefined);
  return { child, startedAt, ended };
}

/** Ends every process that a command in this directory started, its server included, so that the next measurement has the machine. */
export async function endRootstock(directory: string): Promise<void> {
  await killEverythingOf(directory);
}

/** Without a server named by the environment the command starts its own, as for a new user. */
function ownServer(directory: string): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = { ...process.env, ROOTSTOCK_BENCH: directory };
  for (const name of Object.keys(env)) if (name.startsWith('TEMPORAL_') && name !== 'TEMPORAL_CLI_PATH') delete env[name];
  return env;
}
