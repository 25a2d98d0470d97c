import type { JsonObject } from './json.ts';
import type { TransferLearningState } from './run-state.ts';
import type { RunDocument } from './stage-activities.ts';

/** Name of the workflow type that a run is. */
export const TRANSFER_LEARNING = 'transferLearning';

/** Query: where a run is. Answers a RunStatus. */
export const STATUS_QUERY = 'status';

/** Signal from the train activity: progress of a stage, at most 20 a stage. Carries a ProgressSignal. */
export const PROGRESS_SIGNAL = 'progress';

/** Update: run the parked activity again. */
export const RETRY_STAGE_UPDATE = 'retryStage';

/** Update: end a parked run as failed. */
export const ABORT_UPDATE = 'abort';

/** Search attributes of a run: mirrored essentials that work with all workers down. */
export const SEARCH_ATTRIBUTES = { status: 'RootstockStatus', needsHuman: 'RootstockNeedsHuman' } as const;

/** Values of the RootstockStatus search attribute. */
export type RunStatusName = 'running' | 'needs_attention' | 'completed' | 'failed' | 'cancelled';

/** Memo of a run's workflow: what attaching compares, readable without a worker. */
export interface RunMemo {
  readonly runDigest: string;
  readonly rootstockVersion: string;
  readonly source: string;
  readonly output: string;
  /** The configuration as written, to name the difference when another one comes. */
  readonly config: JsonObject;
}

/** Workflow id of the pre-training of a run. */
export function childWorkflowId(parent: string, name: string): string {
  return `${parent}/${name}`;
}

/** Whether a workflow id is that of a pre-training: run ids have no slash. */
export function isChildWorkflowId(workflowId: string): boolean {
  return workflowId.includes('/');
}

/** Task queues of one store: workers with different stores never meet. */
export interface TaskQueues {
  readonly io: string;
  readonly train: string;
}

/** Names the task queues of a store. */
export function taskQueues(storeId: string): TaskQueues {
  return { io: `rootstock-io-${storeId}`, train: `rootstock-train-${storeId}` };
}

/** The workflow's input. */
export interface TransferLearningInput {
  readonly run: RunDocument;
  readonly expectedPlanDigest: string | null;
  readonly queues: TaskQueues;
  /** False where the server does not know our search attributes. */
  readonly searchAttributes: boolean;
  /** Set by continue-as-new only: what has been done so far. */
  readonly resume: TransferLearningState | null;
}
