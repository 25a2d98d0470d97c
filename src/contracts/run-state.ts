import type { Metrics } from './json.ts';
import type { LoadResult, MatchResult, PlanSummary, PublishResult, StageResult } from './stage-activities.ts';

/** Finished work that a continued workflow starts from. */
export interface TransferLearningState {
  readonly summary: PlanSummary;
  readonly loaded: LoadResult;
  readonly matched: MatchResult;
  readonly stages: readonly StageResult[];
}

/** What a run is doing. */
export type RunPhase = 'plan' | 'pre-train' | 'load' | 'match' | 'stages' | 'publish' | 'completed';

/** The answer to the status query. */
export interface RunStatus {
  readonly phase: RunPhase;
  readonly summary: PlanSummary | null;
  readonly matched: MatchResult | null;
  readonly stages: readonly StageStatus[];
  /** Workflow id of the pre-training child while it runs. */
  readonly child: string | null;
  readonly parked: Parked | null;
  readonly result: PublishResult | null;
}

/** What one stage (or the baseline, last) is doing. */
export interface StageStatus {
  readonly index: number;
  readonly name: string;
  readonly state: 'waiting' | 'freeze' | 'train' | 'checkpoint' | 'done' | 'failed';
  readonly maxEpochs: number;
  readonly totalSteps: number;
  readonly progress: ProgressSignal | null;
  readonly missReason: string | null;
  readonly result: StageResult | null;
  /** Why the baseline failed. */
  readonly error: string | null;
}

/** Progress of a stage as the train activity signals it. */
export interface ProgressSignal {
  readonly stage: number;
  readonly step: number;
  readonly epoch: number;
  readonly metrics: Metrics;
}

/** Why a run waits for a person. */
export interface Parked {
  readonly code: string;
  readonly message: string;
  readonly activity: 'freeze' | 'train' | 'checkpoint' | 'publish';
  /** Name of the stage; null in publish. */
  readonly stage: string | null;
}

/** What the train activity's heartbeat carries: key order is what a person wants to see first. A hint, never the truth. */
export interface TrainHeartbeat {
  readonly progress: string;
  readonly step: number;
  readonly totalSteps: number;
  readonly epoch: number;
  readonly maxEpochs: number;
  readonly metrics: Metrics;
  readonly rate: string;
  readonly eta: string;
  readonly snapshot: number;
  readonly snapshotStep: number;
  readonly resumedFromStep: number;
  readonly phase: string;
  readonly waitingFor: string | null;
  readonly host: string;
  readonly trainerPid: number | null;
  readonly stage: number;
}
