import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { untilSome } from './e2e-wait.ts';
import { MODEL_MODULE, type Workspace } from './e2e-workspace.ts';

/** One line of `--json`. */
export interface CliEvent {
  readonly event?: string;
  readonly [key: string]: unknown;
}

/** How a command ended. */
export interface CliEnd {
  /** null when a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly events: readonly CliEvent[];
  readonly last: CliEvent | undefined;
}

/** A command that runs. */
export interface Cli {
  readonly pid: number;
  readonly ended: Promise<CliEnd>;
  /** Waits for an event of this name, also one that is past; fails when the command ends without it. */
  waitFor(event: string, matches?: (event: CliEvent) => boolean): Promise<CliEvent>;
  /** Waits for something that happens while the command runs; fails, with what it printed, when it ends before that or the wait fails. */
  during(wait: () => Promise<void>): Promise<void>;
  /** SIGINT to its whole process group, as a terminal's Ctrl-C. */
  interrupt(): void;
}

/** No command of a test takes this long, even on a busy machine: one that hangs is killed and reported with what it printed. */
const LIMIT_MS = 300_000;

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

/** Starts a command line in a workspace, in a process group of its own. */
export function startCli(workspace: Workspace, args: readonly string[]): Cli {
  const words = ['--state', workspace.stateDir, '--register', MODEL_MODULE, ...args];
  const child = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), MAIN, ...words], {
    cwd: workspace.root,
    env: workspace.env,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const pid = child.pid ?? -1;
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  let ended: CliEnd | undefined;
  const end = new Promise<CliEnd>((resolve, reject) => {
    child.once('error', reject);
    const limit = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`"${args.join(' ')}" did not end within ${LIMIT_MS / 1000} s:\n${stdout}\n${stderr}`));
    }, LIMIT_MS);
    child.once('exit', (code) => {
      clearTimeout(limit);
      // A detached worker may hold nothing of ours; what was printed before the exit has arrived a turn later.
      setTimeout(() => {
        const events = parseEvents(stdout);
        ended = { code, stdout, stderr, events, last: events.at(-1) };
        resolve(ended);
      }, 50);
    });
  });
  return {
    pid,
    ended: end,
    async during(wait) {
      const printed = () => `"${args.join(' ')}" printed:\n${stdout}\n${stderr}`;
      const early = end.then(({ code }) => {
        throw new Error(`the command ended by itself, with code ${code}. ${printed()}`);
      });
      await Promise.race([wait(), early]).catch((error: unknown) => {
        throw new Error(`${String(error)}\n${printed()}`, { cause: error });
      });
    },
    waitFor: (name, matches = () => true) =>
      untilSome(
        () => {
          const found = parseEvents(stdout).find((event) => event.event === name && matches(event));
          if (found === undefined && ended !== undefined)
            throw new Error(`"${args.join(' ')}" ended with code ${ended.code} before "${name}":\n${stdout}\n${stderr}`);
          return found;
        },
        () => `the event "${name}" of "${args.join(' ')}":\n${stdout}\n${stderr}`,
      ),
    interrupt: () => void process.kill(-pid, 'SIGINT'),
  };
}

/** Runs a command to its end. */
export function runCli(workspace: Workspace, args: readonly string[]): Promise<CliEnd> {
  return startCli(workspace, args).ended;
}

/** The words of `run` for the workspace's run file. */
export function runWords({ runFile }: Workspace, ...more: readonly string[]): readonly string[] {
  return ['run', runFile, '--json', ...more];
}

function parseEvents(stdout: string): readonly CliEvent[] {
  return stdout
    .split('\n')
    .slice(0, -1)
    .flatMap((line) => (line.startsWith('{') ? [JSON.parse(line) as CliEvent] : []));
}
