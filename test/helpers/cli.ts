import type { TestContext } from 'node:test';
import { runCli } from '../../src/cli/run-cli.ts';

/** What a command wrote and how it ended. */
export interface CliResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command line in this process and captures what it writes. */
export async function captureCli(context: TestContext, words: readonly string[]): Promise<CliResult> {
  const [stdout, stderr]: [string[], string[]] = [[], []];
  const out = context.mock.method(process.stdout, 'write', (text: string | Uint8Array) => stdout.push(String(text)) > 0);
  const err = context.mock.method(process.stderr, 'write', (text: string | Uint8Array) => stderr.push(String(text)) > 0);
  try {
    return { exitCode: await runCli(words), stdout: stdout.join(''), stderr: stderr.join('') };
  } finally {
    out.mock.restore();
    err.mock.restore();
  }
}
