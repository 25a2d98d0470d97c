import { type ChildProcess, spawn } from 'node:child_process';

/** What to run. The environment is complete: nothing is inherited besides it. */
export interface CommandInput {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** How it ended. `code` is null when it did not start, was aborted or ran out of time; `failure` then says why. */
export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly failure: string | null;
}

/** Each stream keeps its newest characters only: enough for a message, and no command can fill the memory. */
const KEPT_CHARACTERS = 16_384;

/**
 * Runs a command to its end and never throws for what the command does, nor when it cannot be started. It gets a process group of its own, which is killed as a whole on abort
 * and timeout, so that nothing it started stays behind.
 */
export function runCommand(input: CommandInput): Promise<CommandResult> {
  return new Promise((resolve) => {
    let child: ChildProcess;
    try {
      child = spawn(input.command, input.args, { env: input.env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    } catch (error) {
      // Node throws what it has no event for: arguments that are too long, too little memory.
      resolve({ code: null, stdout: '', stderr: '', failure: error instanceof Error ? error.message : String(error) });
      return;
    }
    let stdout = '';
    let stderr = '';
    let failure: string | null = null;
    const kill = (why: string): void => {
      failure ??= why;
      if (child.pid !== undefined) killGroup(child.pid);
    };
    const timer = setTimeout(() => kill(`gave no answer within ${input.timeoutMs / 1000} s`), input.timeoutMs);
    const onAbort = (): void => kill(abortReason(input.signal));
    if (input.signal?.aborted === true) onAbort();
    input.signal?.addEventListener('abort', onAbort, { once: true });
    // Without a file descriptor left there are no streams; the event "error" follows.
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      stdout = (stdout + text).slice(-KEPT_CHARACTERS);
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr = (stderr + text).slice(-KEPT_CHARACTERS);
    });
    const finish = (code: number | null): void => {
      clearTimeout(timer);
      input.signal?.removeEventListener('abort', onAbort);
      resolve({ code: failure === null ? code : null, stdout, stderr, failure });
    };
    child.on('error', (error) => {
      failure ??= error.message;
      finish(null);
    });
    child.on('close', (code, signal) => {
      if (code === null) failure ??= `was ended by ${signal ?? 'a signal'}`;
      finish(code);
    });
  });
}

/** The newest line of what a failed command printed, or why it did not run. */
export function lastLine(result: CommandResult): string {
  const lines = `${result.stdout}\n${result.stderr}`.split('\n').filter((line) => line.trim() !== '');
  return result.failure ?? lines.at(-1)?.trim() ?? `ended with code ${result.code}`;
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function abortReason(signal: AbortSignal | undefined): string {
  return signal?.reason instanceof Error ? signal.reason.message : 'was cancelled';
}
