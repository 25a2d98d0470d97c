import type { JsonNumber, Metrics } from '../contracts/json.ts';
import type { Parked, RunPhase, RunStatus, StageStatus, TrainHeartbeat } from '../contracts/run-state.ts';
import type { BaselineResult, PublishResult, StageResult } from '../contracts/stage-activities.ts';

/** What happens to a run, in order. `run --json` prints one per line. */
export type RunEvent =
  | { readonly event: 'started' | 'attached' | 'reused'; readonly workflow_id: string; readonly run_id: string; readonly reason: string }
  | { readonly event: 'phase'; readonly workflow_id: string; readonly phase: RunPhase }
  | { readonly event: 'child'; readonly workflow_id: string; readonly child: string; readonly reason: string }
  | { readonly event: 'matched'; readonly workflow_id: string; readonly matched_parameters: number; readonly fresh_parameters: number }
  | {
      readonly event: 'stage';
      readonly workflow_id: string;
      readonly stage: string;
      readonly state: StageStatus['state'];
      readonly miss_reason: string | null;
    }
  | { readonly event: 'progress'; readonly workflow_id: string; readonly stage: string; readonly heartbeat: TrainHeartbeat }
  /** A stage trains on after an attempt that ended early: from its snapshot of that step; 0: from the beginning, for it has none. */
  | { readonly event: 'resumed'; readonly workflow_id: string; readonly stage: string; readonly step: number }
  | { readonly event: 'waiting'; readonly workflow_id: string; readonly reason: string }
  | { readonly event: 'stage_done'; readonly workflow_id: string; readonly stage: StageEvent }
  | CompletedEvent
  | ({ readonly event: 'needs_attention'; readonly workflow_id: string } & Parked)
  | { readonly event: 'failed'; readonly workflow_id: string; readonly code: string; readonly message: string }
  | { readonly event: 'cancelled'; readonly workflow_id: string };

/** The last event of a run that went well. A stable interface. */
export interface CompletedEvent {
  readonly event: 'completed';
  readonly workflow_id: string;
  readonly output: string;
  readonly weights_sha256: string;
  readonly stages: readonly StageEvent[];
  readonly test: Metrics;
  readonly baseline: {
    readonly stage_key: string;
    readonly weights_sha256: string;
    readonly epochs: number;
    readonly steps: number;
    readonly test: Metrics;
  } | null;
}

/** One finished stage. A stable interface. */
export interface StageEvent {
  readonly name: string;
  readonly stage_key: string;
  readonly weights_sha256: string;
  readonly epochs: number;
  readonly steps: number;
  readonly metrics: Readonly<Record<string, JsonNumber>>;
  readonly cached: boolean;
  /** Scalars. */
  readonly frozen_parameters: number;
  readonly freeze_receipt: { readonly before: string; readonly after: string };
}

/** Builds the stable form of a finished stage. */
export function toStageEvent(result: StageResult): StageEvent {
  return {
    name: result.name,
    stage_key: result.stageKey,
    weights_sha256: result.weights.digest,
    epochs: result.epochs,
    steps: result.steps,
    metrics: result.metrics,
    cached: result.cached,
    frozen_parameters: result.frozenParameters,
    freeze_receipt: result.freezeReceipt,
  };
}

/** Builds the stable form of a finished run. */
export function toCompletedEvent(workflowId: string, result: PublishResult): CompletedEvent {
  return {
    event: 'completed',
    workflow_id: workflowId,
    output: result.output,
    weights_sha256: result.weightsSha256,
    stages: result.stages.map(toStageEvent),
    test: result.test,
    baseline: result.baseline === null ? null : toBaselineEvent(result.baseline),
  };
}

function toBaselineEvent(baseline: BaselineResult): NonNullable<CompletedEvent['baseline']> {
  return {
    stage_key: baseline.stageKey,
    weights_sha256: baseline.weightsSha256,
    epochs: baseline.epochs,
    steps: baseline.steps,
    test: baseline.test,
  };
}

/** Tells what is new between two answers of the status query. Pure. */
export function diffStatus(workflowId: string, before: RunStatus | null, now: RunStatus): readonly RunEvent[] {
  const events: RunEvent[] = [];
  if (now.child !== null && now.child !== before?.child) {
    events.push({ event: 'child', workflow_id: workflowId, child: now.child, reason: now.summary?.child?.reason ?? '' });
  }
  if (now.matched !== null && (before?.matched ?? null) === null) {
    const { matchedParameters, freshParameters } = now.matched;
    events.push({ event: 'matched', workflow_id: workflowId, matched_parameters: matchedParameters, fresh_parameters: freshParameters });
  }
  for (const stage of now.stages) {
    const old = before?.stages.find(({ index }) => index === stage.index);
    if (stage.state !== (old?.state ?? 'waiting') && stage.state !== 'done') {
      events.push({ event: 'stage', workflow_id: workflowId, stage: stage.name, state: stage.state, miss_reason: stage.missReason });
    }
    if (stage.result !== null && (old?.result ?? null) === null) {
      events.push({ event: 'stage_done', workflow_id: workflowId, stage: toStageEvent(stage.result) });
    }
  }
  if (now.phase !== before?.phase && now.phase !== 'stages') events.push({ event: 'phase', workflow_id: workflowId, phase: now.phase });
  return events;
}
