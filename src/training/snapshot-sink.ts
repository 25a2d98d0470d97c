import type { TrainingState } from '../artifacts/training-state.ts';

/** What is committed together: a training state, and what was logged since the last commit. */
export interface SnapshotRequest {
  readonly state: TrainingState;
  /** Metric rows since the last committed snapshot. */
  readonly ledgerRows: readonly string[];
  /** Lines of this attempt's raw sample log, flushed to disk, that led to this state. */
  readonly sampleLines: number;
  /** Milliseconds of training in all attempts that led to this state. */
  readonly elapsedMs: number;
}

/** A snapshot that survives a power cut. */
export interface CommittedSnapshot {
  readonly snapshot: number;
  readonly step: number;
  readonly stateDigest: string;
}

/**
 * Where snapshots go. `commit` resolves once the snapshot is durable. Errors: LEASE_LOST when a newer attempt owns the stage,
 * DETERMINISM_VIOLATION, STORE_IO.
 */
export interface SnapshotSink {
  /** The newest snapshot of the stage, committed here or resumed from; null before the first. */
  newest(): CommittedSnapshot | null;
  commit(request: SnapshotRequest): Promise<CommittedSnapshot>;
}
