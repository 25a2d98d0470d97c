import type { SnapshotManifest } from './snapshot.ts';

/** A line of a raw sample log: the rows an optimizer step saw, or a snapshot that was committed. */
export type SampleLogLine =
  | { readonly step: number; readonly epoch: number; readonly batch: number; readonly rows: readonly string[] }
  | { readonly snapshot: number; readonly step: number };

/**
 * Builds the committed sample log of a stage from its snapshots (in order, from number 0, see `readSnapshotChain`) and the raw logs of its
 * attempts: a concatenation of prefixes of the raw logs in which each committed step is once. What an attempt did after its last committed
 * snapshot is left out. `readRaw` gives the lines of one lease's raw log; when it has fewer than the snapshots say, those there are.
 */
export function buildCommittedSampleLog(
  snapshots: readonly Pick<SnapshotManifest, 'envelope'>[],
  readRaw: (lease: number) => readonly string[],
): readonly string[] {
  const lines: string[] = [];
  let before = { lease: -1, lines: 0 };
  for (const { envelope } of snapshots) {
    const { lease, lines: upTo } = envelope.sampleLog;
    const from = lease === before.lease ? before.lines : 0;
    for (const line of readRaw(lease).slice(from, upTo)) lines.push(line);
    before = { lease, lines: upTo };
  }
  return lines;
}
