import { createHash } from 'node:crypto';
import { canonicalJson } from '../contracts/canonical-json.ts';
import type { Json, JsonObject } from '../contracts/json.ts';
import type { BackendName } from '../contracts/plan.ts';
import type { Ref } from '../contracts/refs.ts';

/** What a snapshot says about training; two attempts that reach the same step on the same backend agree on every tensor of it. */
export interface SnapshotContent {
  /** Position in the stage's sequence, from 0. */
  readonly n: number;
  /** Optimizer steps in the weights. */
  readonly step: number;
  /** 0-based epoch and batch that come next. */
  readonly epoch: number;
  readonly batch: number;
  readonly samplesSeen: number;
  /** Trainable weights, buffers and optimizer slots, saved by `saveStageState`. */
  readonly state: Ref;
  /** The best weights so far, saved by `saveStageState`; null without a validation set. */
  readonly best: Ref | null;
  readonly counters: JsonObject;
  /** Early stopping, plateau and best-so-far state; numbers encoded by `encodeNumber`. */
  readonly monitor: JsonObject;
  /** Metric rows since the previous snapshot, as CSV without header; null when there are none. */
  readonly ledger: { readonly segment: Ref | null; readonly rows: number };
  /** State digest of snapshot n - 1; null for the first. */
  readonly previous: string | null;
}

/** Who wrote a snapshot, where and when. Outside the state digest. */
export interface SnapshotEnvelope {
  readonly lease: number;
  readonly host: string;
  readonly pid: number;
  readonly versions: { readonly node: string; readonly v8: string; readonly kernels: string };
  readonly backend: BackendName;
  /** ISO 8601. */
  readonly createdAt: string;
  /** How many lines of that lease's raw sample log this snapshot commits. */
  readonly sampleLog: { readonly lease: number; readonly lines: number };
  /** Milliseconds of training in all attempts so far, for max_time. Absent: written before it was kept. */
  readonly elapsedMs?: number;
}

/** A committed snapshot, stored as `stages/<key>/snap-<n>`. */
export interface SnapshotManifest extends SnapshotContent {
  readonly format: 1;
  /** SHA-256 of the canonical JSON of the content. Through `previous` it covers the whole sequence before it. */
  readonly stateDigest: string;
  readonly envelope: SnapshotEnvelope;
}

/** Builds a snapshot manifest: computes the state digest. */
export function buildSnapshot(content: SnapshotContent, envelope: SnapshotEnvelope): SnapshotManifest {
  return { format: 1, ...content, stateDigest: digestContent(content), envelope };
}

/** Checks a stored manifest: of this format, with this number, and with the digest that its content gives. Undefined: it is not. */
export function parseSnapshot(value: Json, n: number): SnapshotManifest | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const { format, stateDigest, envelope, ...content } = value as JsonObject;
  if (format !== 1 || content.n !== n || typeof envelope !== 'object') return undefined;
  // What has the digest was written by buildSnapshot, so it has the type.
  return digestContent(content) === stateDigest ? (value as unknown as SnapshotManifest) : undefined;
}

function digestContent(content: SnapshotContent | JsonObject): string {
  return createHash('sha256')
    .update(canonicalJson(content as unknown as Json))
    .digest('hex');
}
