import { activityText } from '../client/activity-text.ts';
import type { PendingActivity } from '../client/pending-activity.ts';
import type { RunStatus, StageStatus, TrainHeartbeat } from '../contracts/run-state.ts';
import { formatBar, formatMetrics } from '../reports/format.ts';
import { formatTable } from '../reports/table.ts';
import type { CommandLine } from './command-line.ts';

/** What is known of a run. */
export interface StatusFacts {
  readonly name: string;
  /** What the run itself answered; undefined: nothing. */
  readonly status: RunStatus | undefined;
  readonly activities: readonly PendingActivity[];
}

const BAR_WIDTH = 16;

/** Writes where a run is for people: stages, what it is at, what it needs, what it gave. */
export function statusLines({ name, status, activities }: StatusFacts, commandLine: CommandLine): readonly string[] {
  const stages = status?.stages ?? [];
  const beat = activities.find(({ heartbeat }) => heartbeat !== null)?.heartbeat ?? null;
  const parked = status?.parked ?? null;
  const result = status?.result ?? null;
  return [
    ...(stages.length === 0
      ? []
      : [
          formatTable(
            ['stage', 'state', 'progress', 'metrics'],
            stages.map((stage) => stageRow(stage, beat)),
          ),
        ]),
    ...(status === undefined || status.child === null ? [] : [`Pre-training: ${status.child}`]),
    ...activities.map((activity) => `Now:     ${activityText(activity, Date.now(), activityName(activity, stages))}`),
    ...(parked === null
      ? []
      : [
          `Needs attention: ${parked.code} in ${parked.activity}`,
          parked.message,
          `Go on:   ${commandLine('retry', name)}`,
          `Give up: ${commandLine('abort', name)}`,
        ]),
    ...(result === null ? [] : [`Model: ${result.output}`, `Test: ${formatMetrics(result.test)}`]),
  ];
}

/** Progress is as new as it can be had: the run hears of a stage now and then, the server of training each second. */
function stageRow(stage: StageStatus, beat: TrainHeartbeat | null): readonly string[] {
  const told = stage.progress?.step ?? 0;
  const heard = beat?.stage === stage.index ? Math.max(beat.step, beat.snapshotStep) : 0;
  const fraction = stage.state === 'done' ? 1 : Math.min(Math.max(told, heard) / Math.max(stage.totalSteps, 1), 1);
  const metrics = heard > told && beat?.totalSteps !== 0 ? beat?.metrics : stage.progress?.metrics;
  return [
    stage.name,
    stage.result?.cached === true ? 'reused' : stage.state,
    `${formatBar(fraction, BAR_WIDTH)} ${Math.floor(fraction * 100)} %`,
    formatMetrics(stage.result?.metrics ?? metrics ?? {}),
  ];
}

function activityName({ activity, heartbeat }: PendingActivity, stages: readonly StageStatus[]): string {
  const stage = heartbeat === null ? undefined : stages.find(({ index }) => index === heartbeat.stage);
  return stage === undefined ? activity : `${activity} of ${stage.name}`;
}
