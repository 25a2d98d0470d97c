import type { TestContext } from 'node:test';
import { runCli } from '../../src/cli/run-cli.ts';

/** What a command wrote and how it ended. */
export interface CliResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

type Write = typeof process.stdout.write;

/**
 * Runs the command line in this process and captures what it writes. Commands write text; the bytes in between are the test runner's
 * reports, which go where they were going.
 */
export async function captureCli(context: TestContext, words: readonly string[]): Promise<CliResult> {
  const capture = (stream: NodeJS.WriteStream, texts: string[]) => {
    const pass = stream.write.bind(stream) as (...written: readonly unknown[]) => boolean;
    const write = (text: unknown, ...rest: readonly unknown[]) => (typeof text === 'string' ? texts.push(text) > 0 : pass(text, ...rest));
    return context.mock.method(stream, 'write', write as Write);
  };
  const [stdout, stderr]: [string[], string[]] = [[], []];
  const out = capture(process.stdout, stdout);
  const err = capture(process.stderr, stderr);
  try {
    return { exitCode: await runCli(words), stdout: stdout.join(''), stderr: stderr.join('') };
  } finally {
    out.mock.restore();
    err.mock.restore();
  }
}
