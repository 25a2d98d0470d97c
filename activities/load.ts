import { saveWeights } from '../src/artifacts/safetensors/weights-blob.ts';
import type { Plan } from '../src/contracts/plan.ts';
import type { Ref } from '../src/contracts/refs.ts';
import type { LoadInput, LoadResult } from '../src/contracts/stage-activities.ts';
import { checkDataUnchanged, materialiseData } from '../src/data/materialise-data.ts';
import { readSavedWeights } from '../src/planner/saved-model.ts';
import { checkFinite } from '../src/transfer/check-finite.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { withHeartbeat } from './heartbeat.ts';
import { loadPlan } from './load-plan.ts';

const QUIET_MS = 300_000; // one SQL statement may sort for minutes before its first row

/**
 * Brings the pre-trained weights and the data's columns into the store. Data that changed since planning is DATA_CHANGED; matched weights
 * with NaN or infinities are CHECKPOINT_INVALID: here is where their bytes are read.
 */
export async function load(deps: ActivityDependencies, input: LoadInput): Promise<LoadResult> {
  return withHeartbeat(QUIET_MS, async ({ tick }) => {
    const plan = await loadPlan(deps.store, input.plan);
    const preTrained = await loadPreTrained(deps, plan);
    tick();
    const { facts, blobs } = await materialiseData(plan.data.request, (chunks) => deps.store.put(chunks), { onProgress: () => tick() });
    checkDataUnchanged(plan.data.facts, facts);
    return { preTrained, data: blobs };
  });
}

async function loadPreTrained({ store }: ActivityDependencies, { initial, model }: Plan): Promise<Ref | null> {
  if (initial.kind === 'fresh') return null;
  const { source, match } = initial;
  const weights = await readSavedWeights(source);
  checkFinite(weights, { report: match, tree: model.tree, source: source.kind === 'model' ? source.path : source.outputPath });
  return saveWeights(store, weights);
}
