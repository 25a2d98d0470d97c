import type { TrainingState } from '../artifacts/training-state.ts';
import type { TrainResult } from '../contracts/stage-activities.ts';
import type { TrainerPhase, TrainerProgress } from '../contracts/trainer-protocol.ts';
import type { BatchSources } from './batch-source.ts';
import type { SampleLog } from './sample-log.ts';
import type { CommittedSnapshot, SnapshotSink } from './snapshot-sink.ts';

/** What the training loop needs beside the numbers. */
export interface FitDependencies {
  /** Monotonic milliseconds. Decides when state is saved, what progress says, and when max_time has passed; never a number otherwise. */
  readonly now: () => number;
  /** Lets the event loop turn once, so that messages get in; null: it has just done so. */
  readonly nextTurn: () => Promise<void> | null;
  readonly sink: SnapshotSink;
  /** Where batches come from; closed at the end. Absent: opened here. */
  readonly batches?: BatchSources;
  readonly sampleLog: Pick<SampleLog, 'append' | 'flush'>;
  readonly events: FitEvents;
  /** Takes the request to save that has come in since the last call. */
  readonly takeRequest: () => SaveRequest;
  readonly snapshotEveryStep: boolean;
  /** The state to go on from; null: from the start. */
  readonly resume: TrainingState | null;
  /** Milliseconds of training behind the state to go on from. Absent: none. */
  readonly resumedElapsedMs?: number;
}

/** Save a snapshot at the next step boundary and go on, or stop after it. */
export type SaveRequest = 'none' | 'save' | 'stop';

/** What the loop says while it runs. Called often: listeners throttle. */
export interface FitEvents {
  phase(phase: TrainerPhase, budgetMs: number): void;
  progress(progress: TrainerProgress): void;
  snapshot(snapshot: CommittedSnapshot): void;
}

/** How fit ended. */
export type FitOutcome =
  | { readonly kind: 'finished'; readonly result: TrainResult }
  | { readonly kind: 'saved'; readonly snapshot: CommittedSnapshot };
