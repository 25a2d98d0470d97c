import { saveWeights } from '../src/artifacts/safetensors/weights-blob.ts';
import type { Plan, SplitName } from '../src/contracts/plan.ts';
import type { Ref } from '../src/contracts/refs.ts';
import type { LoadInput, LoadResult } from '../src/contracts/stage-activities.ts';
import { materialiseData } from '../src/data/materialise.ts';
import { RootstockError } from '../src/errors.ts';
import { readSavedWeights } from '../src/planner/saved-model.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { withHeartbeat } from './heartbeat.ts';
import { loadPlan } from './load-plan.ts';

const QUIET_MS = 300_000; // one SQL statement may sort for minutes before its first row

/** Brings the pre-trained weights and the data's columns into the store. Data that changed since planning is DATA_CHANGED. */
export async function load(deps: ActivityDependencies, input: LoadInput): Promise<LoadResult> {
  return withHeartbeat(QUIET_MS, async ({ tick }) => {
    const plan = await loadPlan(deps.store, input.plan);
    const preTrained = await loadPreTrained(deps, plan);
    tick();
    const { blobs } = await materialiseData(plan.data.request, ticking(deps, tick));
    for (const [split, ref] of Object.entries(blobs)) checkUnchanged(plan, split as SplitName, ref);
    return { preTrained, data: blobs };
  });
}

async function loadPreTrained({ store }: ActivityDependencies, { initial }: Plan): Promise<Ref | null> {
  if (initial.kind === 'fresh') return null;
  const { source } = initial;
  const ref = await saveWeights(store, await readSavedWeights(source));
  return ref;
}

/** Puts into the store and ticks per chunk, so that a large table shows that it moves. */
function ticking({ store }: ActivityDependencies, tick: () => void): (chunks: AsyncIterable<Uint8Array>) => Promise<Ref> {
  async function* watched(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      tick();
      yield chunk;
    }
  }
  return (chunks) => store.put(watched(chunks));
}

function checkUnchanged(plan: Plan, split: SplitName, ref: Ref): void {
  const planned = plan.data.facts.splits[split]?.digest;
  if (planned !== ref.digest) {
    throw new RootstockError(
      'DATA_CHANGED',
      `The ${split} data changed after planning: its digest was ${planned ?? 'absent'}, now it is ${ref.digest}.\nFix: start the run again; it is planned anew with the data as they are.`,
      { split, planned, found: ref.digest },
    );
  }
}
