import { readdir } from 'node:fs/promises';
import type { Command } from 'commander';
import { listRunRecords, type RunRecord } from '../../artifacts/run-record.ts';
import { connectRootstock, type RootstockClient } from '../../client/connect.ts';
import { queryStatus } from '../../client/follow-run.ts';
import { isNotFound } from '../../client/not-found.ts';
import { toCompletedEvent } from '../../client/run-events.ts';
import type { RunStatus } from '../../contracts/run-state.ts';
import { committedSampleLog, sampleLogDirectory } from '../../contracts/state-directory.ts';
import { RootstockError } from '../../errors.ts';
import { formatBar, formatMetrics } from '../../reports/format.ts';
import { formatTable } from '../../reports/table.ts';
import type { AddCommand } from '../add-command.ts';
import { EXIT } from '../exit-codes.ts';
import { globalOptions } from '../global-options.ts';
import { listRows } from '../list-rows.ts';
import { createOutput } from '../output.ts';
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
        output.object({ runs: rows });
        if (rows.length === 0) output.line('No runs yet. Start one: rootstock run FILE');
        else
          output.line(
            formatTable(
              ['run', 'status', 'started', 'run id'],
              rows.map((row) => [row.workflow_id, row.status, row.started_at, row.run_id]),
            ),
          );
      } finally {
        await connected.close();
      }
      done(EXIT.done);
    });
};

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
        const report = await statusReport(connected, name, () => startWorkerProcess(options));
        output.object(report.json);
        output.line(report.text);
      } finally {
        await connected.close();
      }
      done(EXIT.done);
    });
};

interface StatusReport {
  readonly json: object;
  readonly text: string;
}

async function statusReport(
  connected: RootstockClient,
  name: string,
  hostWorker: () => Promise<{ stop(): Promise<void> }>,
): Promise<StatusReport> {
  const description = await describe(connected, name);
  if (description === undefined) return recordReport(connected, name);
  // A query needs a live worker: use the one there is, else host one for a moment.
  let status = await queryStatus(connected.client, { workflowId: name });
  if (status === undefined) {
    const worker = await hostWorker();
    status = await queryStatus(connected.client, { workflowId: name });
    await worker.stop();
  }
  const samples = await sampleLogs(connected.stateDir, status);
  const state = description.status.name.toLowerCase();
  return {
    json: { workflow_id: name, run_id: description.runId, status: state, ...status, sample_logs: samples },
    text: [
      `${name}: ${state}`,
      ...(status === undefined ? [] : statusLines(name, status)),
      ...samples.map((log) => `Sample log of ${log.stage}: ${log.directory}`),
    ].join('\n'),
  };
}

async function describe({ client }: RootstockClient, name: string) {
  try {
    return await client.workflow.getHandle(name).describe();
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** After Temporal's retention the store answers. */
async function recordReport({ store }: RootstockClient, name: string): Promise<StatusReport> {
  const record: RunRecord | undefined = (await listRunRecords(store)).findLast(({ workflowId }) => workflowId === name);
  if (record === undefined) {
    throw new RootstockError(
      'RUN_NOT_FOUND',
      `There is no run "${name}".\nFix: \`rootstock list\` shows the runs of this state directory.`,
      { name },
    );
  }
  const completed = toCompletedEvent(name, record.result);
  return {
    json: { workflow_id: name, run_id: record.runId, status: 'completed', result: completed },
    text: `${name}: completed ${record.completedAt}\nModel: ${completed.output}\nTest: ${formatMetrics(completed.test)}`,
  };
}

const BAR_WIDTH = 16;

function statusLines(name: string, status: RunStatus): readonly string[] {
  const rows = status.stages.map((stage) => {
    const fraction = stage.state === 'done' ? 1 : (stage.progress?.step ?? 0) / Math.max(stage.totalSteps, 1);
    return [
      stage.name,
      stage.result?.cached === true ? 'reused' : stage.state,
      formatBar(fraction, BAR_WIDTH),
      formatMetrics(stage.result?.metrics ?? stage.progress?.metrics ?? {}),
    ];
  });
  const parked = status.parked;
  return [
    ...(rows.length === 0 ? [] : [formatTable(['stage', 'state', 'progress', 'metrics'], rows)]),
    ...(status.child === null ? [] : [`Pre-training: ${status.child}`]),
    ...(parked === null
      ? []
      : [
          `Needs attention: ${parked.code} in ${parked.activity}\n${parked.message}\nGo on:   rootstock retry ${name}\nGive up: rootstock abort ${name}`,
        ]),
    ...(status.result === null ? [] : [`Model: ${status.result.output}\nTest: ${formatMetrics(status.result.test)}`]),
  ];
}

interface SampleLogs {
  readonly stage: string;
  readonly stage_key: string;
  readonly directory: string;
  readonly raw: readonly string[];
  readonly committed: string;
}

/** Raw and committed sample logs of the stages that have a result. */
async function sampleLogs(stateDir: string, status: RunStatus | undefined): Promise<readonly SampleLogs[]> {
  const results = (status?.stages ?? []).flatMap((stage) => (stage.result === null ? [] : [stage.result]));
  return Promise.all(
    results.map(async ({ name, stageKey }) => {
      const directory = sampleLogDirectory(stateDir, stageKey);
      const files = await readdir(directory).catch(() => [] as string[]);
      const raw = files
        .filter((file) => file.startsWith('lease-'))
        .sort()
        .map((file) => `${directory}/${file}`);
      return { stage: name, stage_key: stageKey, directory, raw, committed: committedSampleLog(stateDir, stageKey) };
    }),
  );
}
