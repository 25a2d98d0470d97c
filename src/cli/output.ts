import { RootstockError } from '../errors.ts';
import { wrapText } from '../reports/wrap.ts';
import { EXIT, exitCodeOf } from './exit-codes.ts';

/** Where a command writes: text for people, or one JSON object per line. */
export interface Output {
  readonly json: boolean;
  /** A line for people; silent with --json. */
  line(text?: string): void;
  /** A JSON line; silent without --json. */
  object(value: object): void;
  /** A note beside the result, on standard error (not with --json). */
  note(text: string): void;
  /** Passing progress on standard error: one line that is written over, on a terminal only. An empty text wipes it. */
  progress(text: string): void;
}

/** Creates the output of a command. */
export function createOutput(json: boolean): Output {
  return {
    json,
    line: (text = '') => {
      if (!json) process.stdout.write(`${text}\n`);
    },
    object: (value) => {
      if (json) process.stdout.write(`${JSON.stringify(value)}\n`);
    },
    note: (text) => {
      if (!json) process.stderr.write(`${forTerminal(text)}\n`);
    },
    progress: (text) => {
      if (!json && process.stderr.isTTY) process.stderr.write(`\r\x1b[2K${text}`);
    },
  };
}

/** On a terminal lines break between words; in a file or a pipe they stay whole, for grep. */
function forTerminal(text: string): string {
  return process.stderr.isTTY ? wrapText(text, process.stderr.columns) : text;
}

/** Shows an error and returns the exit code. The only place that turns errors into text. */
export function reportError(error: unknown, json: boolean): number {
  if (error instanceof RootstockError) {
    if (json)
      process.stdout.write(`${JSON.stringify({ event: 'failed', code: error.code, message: error.message, details: error.details })}\n`);
    else process.stderr.write(`${forTerminal(`${error.code}: ${error.message}`)}\n`);
    return exitCodeOf(error.code);
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  if (json) process.stdout.write(`${JSON.stringify({ event: 'failed', code: 'INTERNAL', message: text })}\n`);
  else process.stderr.write(`INTERNAL: this is a bug in Rootstock.\n${text}\n`);
  return EXIT.runFailed;
}
