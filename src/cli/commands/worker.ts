import type { Command } from 'commander';
import { connectRootstock } from '../../client/connect.ts';
import type { AddCommand } from '../add-command.ts';
import { EXIT } from '../exit-codes.ts';
import { globalOptions } from '../global-options.ts';
import { createOutput } from '../output.ts';
import { startWorkerProcess } from '../worker-process.ts';

/** `rootstock worker`: polls until interrupted. */
export const workerCommand: AddCommand = (program, done) => {
  program
    .command('worker')
    .description('run a worker in the foreground: it trains what is started elsewhere with the same store')
    .option('--json', 'print JSON')
    .action(async (flags: { json?: boolean }, command: Command) => {
      await serveUntilInterrupted(command, flags.json === true, 'Worker');
      done(EXIT.done);
    });
};

/** `rootstock dev`: server, UI and worker in the foreground. */
export const devCommand: AddCommand = (program, done) => {
  program
    .command('dev')
    .description('keep the Temporal server, its UI and a worker running in the foreground')
    .option('--json', 'print JSON')
    .action(async (flags: { json?: boolean }, command: Command) => {
      await serveUntilInterrupted(command, flags.json === true, 'Server, UI and worker');
      done(EXIT.done);
    });
};

async function serveUntilInterrupted(command: Command, json: boolean, what: string): Promise<void> {
  const options = globalOptions(command);
  const output = createOutput(json);
  const interrupted = new Promise<void>((resolve) => {
    process.once('SIGINT', () => resolve());
    process.once('SIGTERM', () => resolve());
  });
  const connected = await connectRootstock({ stateDir: options.stateDir, onProgress: (text) => output.note(text) });
  try {
    const worker = await startWorkerProcess(options, (reason) => output.note(reason));
    output.object({ event: 'ready', worker_pid: worker.pid, log: worker.log, ui: connected.server.uiUrl, queues: connected.queues });
    output.line(`${what} ready (pid ${worker.pid}, log ${worker.log}).`);
    if (connected.server.uiUrl !== null) output.line(`Temporal UI: ${connected.server.uiUrl}`);
    output.line('Ctrl-C stops it; running trainings save a snapshot first.');
    await interrupted;
    await worker.stop();
  } finally {
    await connected.close();
  }
}
