import { getJson } from '../src/artifacts/json-blob.ts';
import type { ArtifactStore } from '../src/artifacts/store.ts';
import type { Plan } from '../src/contracts/plan.ts';
import type { Ref } from '../src/contracts/refs.ts';

/** Reads a stored plan. ARTIFACT_NOT_FOUND, ARTIFACT_CORRUPT. */
export function loadPlan(store: ArtifactStore, ref: Ref): Promise<Plan> {
  return getJson<Plan>(store, ref);
}
