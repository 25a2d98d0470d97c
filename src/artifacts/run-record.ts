import type { PublishResult } from '../contracts/stage-activities.ts';
import { fromJsonBytes, toJsonBytes } from './json-blob.ts';
import type { ArtifactStore } from './store.ts';

/** What a store remembers of a completed run after Temporal's retention has ended. */
export interface RunRecord {
  readonly workflowId: string;
  readonly runId: string;
  readonly runDigest: string;
  /** ISO 8601. Absent in records of earlier versions. */
  readonly startedAt?: string;
  /** ISO 8601. */
  readonly completedAt: string;
  readonly result: PublishResult;
}

/** Records a completed run; a retry of the same publication finds its record. */
export async function saveRunRecord(store: ArtifactStore, record: RunRecord): Promise<void> {
  await store.createIfAbsent(`run-records/${record.runId}`, toJsonBytes(record));
}

/** All recorded runs, oldest first. */
export async function listRunRecords(store: ArtifactStore): Promise<readonly RunRecord[]> {
  const names = await store.list('run-records');
  const bodies = await Promise.all(names.map(async (name) => ({ name, body: await store.read(name) })));
  const records = bodies.flatMap(({ name, body }) =>
    body === undefined ? [] : [fromJsonBytes(body, `document ${name}`) as unknown as RunRecord],
  );
  return records.sort((left, right) => left.completedAt.localeCompare(right.completedAt));
}
