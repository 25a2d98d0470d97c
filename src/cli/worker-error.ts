import { errnoOf } from '../artifacts/fs-errors.ts';
import { RootstockError } from '../errors.ts';

interface Lack {
  readonly what: string;
  readonly fix: string;
}

/** What a machine lacks when it does not start a process (fork(2), pipe(2), open(2)). */
const LACKS: Readonly<Record<string, Lack>> = {
  EMFILE: { what: 'Too many open files', fix: 'raise the limit of open files (ulimit -n)' },
  ENFILE: { what: 'No file handles left on this machine', fix: 'end some processes' },
  EAGAIN: { what: 'Too many processes', fix: 'end some processes, or raise their limit (ulimit -u)' },
  ENOMEM: { what: 'Not enough memory', fix: 'end some processes' },
};

/** The error of a worker process that a machine does not start; anything but an errno failure stays what it is. `log`: path of its log. */
export function workerStartError(error: unknown, log: string): unknown {
  const errno = error instanceof RootstockError ? undefined : errnoOf(error);
  if (errno === undefined) return error;
  const lack = LACKS[errno] ?? { what: 'The system refuses', fix: `see that ${log} can be written, and that programs can be started` };
  const message = `${lack.what} (${errno}) for another worker process and its log.\nFix: ${lack.fix}.`;
  return new RootstockError('STORE_IO', message, { errno, log }, { cause: error });
}

/** The error that a worker process ended with: what it said, or that it said nothing (`silent` among its details). */
export function workerEndError(message: unknown, log: string): RootstockError {
  if (typeof message === 'object' && message !== null && 'code' in message && 'message' in message) {
    const { code, message: text } = message as { code: ConstructorParameters<typeof RootstockError>[0]; message: string };
    return new RootstockError(code, text);
  }
  return new RootstockError('INTERNAL', `The worker process ended while starting.\nFix: its log is ${log}.`, { log, silent: true });
}
