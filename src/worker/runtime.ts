import { DefaultLogger, Runtime } from '@temporalio/worker';

/**
 * Installs the Temporal runtime, once per process, before anything else. Signals are ours to handle (the CLI decides what
 * Ctrl-C means), and the log keeps to warnings on standard error.
 */
export function installRuntime(): void {
  Runtime.install({
    shutdownSignals: [],
    logger: new DefaultLogger('WARN', ({ level, message, meta }) => {
      process.stderr.write(`${new Date().toISOString()} ${level} ${message}${meta === undefined ? '' : ` ${JSON.stringify(meta)}`}\n`);
    }),
  });
}
