import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { AHEAD } from '../worker/ahead.ts';

/**
 * Forks a worker process, which waits for what it is to serve. `log`: descriptor of its log file; one without is forked ahead of its work: it loads
 * more, and opens its log itself.
 */
export function forkWorker(log?: number): ChildProcess {
  const source = import.meta.url.endsWith('.ts');
  const main = fileURLToPath(new URL(source ? '../worker/main.ts' : '../worker/main.js', import.meta.url));
  return fork(main, log === undefined ? [AHEAD] : [], {
    // A session of its own: a terminal's Ctrl-C is for the command, which tells the worker what it means. It ends with the command all the same.
    detached: true,
    execArgv: source ? ['--import', import.meta.resolve('tsx')] : [],
    stdio: ['ignore', log ?? 'ignore', log ?? 'ignore', 'ipc'],
  });
}
