import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { listRunRecords, type RunRecord } from '../artifacts/run-record.ts';
import type { RootstockClient } from '../client/connect.ts';
import { queryStatus } from '../client/follow-run.ts';
import { isNotFound } from '../client/not-found.ts';
import { pendingActivities } from '../client/pending-activity.ts';
import { pollingWorkers } from '../client/polling-workers.ts';
import { toCompletedEvent } from '../client/run-events.ts';
import type { RunStatus } from '../contracts/run-state.ts';
import { committedSampleLog, sampleLogDirectory } from '../contracts/state-directory.ts';
import type { RunMemo } from '../contracts/workflow.ts';
import { RootstockError } from '../errors.ts';
import { formatMetrics } from '../reports/format.ts';
import { type CommandLine, runAgain } from './command-line.ts';
import { statusLines } from './status-lines.ts';

/** Where a run is, for programs and for people. */
export interface StatusReport {
  readonly json: object;
  readonly text: string;
}

/** What a report is made with. */
export interface StatusReporting {
  /** Starts a worker that can be asked and begins no activity. */
  readonly hostWorker: () => Promise<{ stop(): Promise<void> }>;
  readonly commandLine: CommandLine;
}

/** Finds out where a run is: from the server, from a worker, or from the store after Temporal's retention. Errors: RUN_NOT_FOUND, those of `hostWorker`. */
export async function statusReport(
  connected: RootstockClient,
  name: string,
  { hostWorker, commandLine }: StatusReporting,
): Promise<StatusReport> {
  const description = await describe(connected, name);
  if (description === undefined) return recordReport(connected, name);
  const activities = pendingActivities(description);
  const workers = await pollingWorkers(connected);
  // A query needs a live worker: use the one there is, else host one for a moment.
  let status = workers?.length === 0 ? undefined : await queryStatus(connected.client, { workflowId: name });
  if (status === undefined) {
    const worker = await hostWorker();
    try {
      status = await queryStatus(connected.client, { workflowId: name });
    } finally {
      await worker.stop();
    }
  }
  const samples = await sampleLogs(connected.stateDir, status);
  const state = description.status.name.toLowerCase();
  if (status !== undefined && state !== 'running') status = { ...status, parked: null }; // one that was terminated waits for nobody either
  const left = state === 'running' && workers?.length === 0 && (status?.parked ?? null) === null;
  const facts = { name, status, activities };
  return {
    json: {
      workflow_id: name,
      run_id: description.runId,
      status: state,
      ...(workers === undefined ? {} : { workers }),
      activities,
      ...status,
      sample_logs: samples,
    },
    text: [
      `${name}: ${stateText(state, { left, parked: (status?.parked ?? null) !== null })}`,
      ...statusLines(facts, commandLine),
      ...(left ? [`Go on:   ${goOn(description.memo, commandLine)}`] : []),
      ...samples.map((log) => `Sample log of ${log.stage}: ${log.directory}`),
    ].join('\n'),
  };
}

function stateText(state: string, { left, parked }: { readonly left: boolean; readonly parked: boolean }): string {
  if (parked) return `${state}, needs attention`;
  return left ? `${state}, but no worker is there to go on with it` : state;
}

/** The run file as it was named, if it is there from here; a worker goes on with every run and needs no file. Overrides are not on record. */
function goOn(memo: Partial<RunMemo> | undefined, commandLine: CommandLine): string {
  const source = memo?.source;
  if (source === undefined || !existsSync(source)) return commandLine('worker');
  return `${commandLine(...runAgain(source, []))}   (with the --set options it was started with, if any)`;
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
