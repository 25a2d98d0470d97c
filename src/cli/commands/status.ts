import type { Command } from 'commander';
import { connectRootstock } from '../../client/connect.ts';
import { pollingWorkers } from '../../client/polling-workers.ts';
import { formatTable } from '../../reports/table.ts';
import type { AddCommand } from '../add-command.ts';
import { commandLineOf } from '../command-line.ts';
import { EXIT } from '../exit-codes.ts';
import { globalOptions } from '../global-options.ts';
import { listRows } from '../list-rows.ts';
import { createOutput } from '../output.ts';
import { statusReport } from '../status-report.ts';
import { startWorkerProcess } from '../worker-process.ts';

/** `rootstock list`. */
export const listCommand: AddCommand = (program, done) => {
  program
    .command('list')
    .description('list runs: those Temporal knows, and completed ones from the store')
    .option('--json', 'print JSON')
    .action(async (flags: { json?: boolean }, command: Command) => {
      const output = createOutput(flags.json === true);
      const connected = await connectRootstock(globalOptions(command));
      try {
        const rows = await listRows(connected);
        const workers = rows.some(({ status }) => status === 'running') ? await pollingWorkers(connected) : undefined;
        output.object({ runs: rows, ...(workers === undefined ? {} : { workers }) });
        if (rows.length === 0) output.line('No runs yet. Start one: rootstock run FILE');
        else
          output.line(
            formatTable(
              ['run', 'status', 'started', 'run id'],
              rows.map((row) => [row.workflow_id, statusText(row.status, workers), row.started_at, row.run_id]),
            ),
          );
      } finally {
        await connected.close();
      }
      done(EXIT.done);
    });
};

function statusText(status: string, workers: readonly string[] | undefined): string {
  return status === 'running' && workers?.length === 0 ? 'running, no worker' : status;
}

/** `rootstock status RUN`. */
export const statusCommand: AddCommand = (program, done) => {
  program
    .command('status')
    .description('show where a run is: stages, metrics, sample logs, and how to go on when it waits for you')
    .argument('<run>', 'name of the run')
    .option('--json', 'print JSON')
    .action(async (name: string, flags: { json?: boolean }, command: Command) => {
      const options = globalOptions(command);
      const output = createOutput(flags.json === true);
      const connected = await connectRootstock(options);
      try {
        const hostWorker = () => startWorkerProcess({ ...options, answersOnly: true }); // to be asked is no reason to work
        const report = await statusReport(connected, name, { hostWorker, commandLine: commandLineOf(command) });
        output.object(report.json);
        output.line(report.text);
      } finally {
        await connected.close();
      }
      done(EXIT.done);
    });
};
