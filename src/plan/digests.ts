import { createHash } from 'node:crypto';
import { canonicalJson } from '../contracts/canonical-json.ts';
import type { Json, JsonObject } from '../contracts/json.ts';
import type { Plan, SplitName } from '../contracts/plan.ts';

/** What makes two runs the same run. */
export interface RunIdentity {
  /** The configuration as written, without defaults, paths unchanged: an upgrade that adds a default does not look like a change. */
  readonly written: JsonObject;
  /** Digests of the materialised splits: new data does look like one. */
  readonly dataDigests: Readonly<Partial<Record<SplitName, string>>>;
  /** SHA-256 of the pre-trained weights, or the run digest of the run file that makes them; null without. */
  readonly preTrainedDigest: string | null;
}

/** Digest of a run as meant: equal digests attach to the same run. SHA-256 in hex. */
export function runDigest({ written, dataDigests, preTrainedDigest }: RunIdentity): string {
  return sha256({ format: 1, written, data: dataDigests as JsonObject, preTrained: preTrainedDigest });
}

/** Digest of a whole plan: what PLAN_DRIFT compares. SHA-256 in hex. */
export function planDigest(plan: Plan): string {
  return sha256(plan as unknown as Json);
}

/** SHA-256 of the canonical JSON of a document, in hex. */
export function sha256(document: Json): string {
  return createHash('sha256').update(canonicalJson(document)).digest('hex');
}
