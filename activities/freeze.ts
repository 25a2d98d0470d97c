import { putJson } from '../src/artifacts/json-blob.ts';
import { saveWeights } from '../src/artifacts/safetensors/weights-blob.ts';
import { lastStageKey, readKeyDocument, recordKeyDocument, recordStage } from '../src/artifacts/stage-documents.ts';
import { readStageManifest } from '../src/artifacts/stage-manifest.ts';
import type { JsonObject } from '../src/contracts/json.ts';
import type { Plan } from '../src/contracts/plan.ts';
import { stageOf } from '../src/contracts/plan-stages.ts';
import type { FreezeInput, FreezeResult, StageResult } from '../src/contracts/stage-activities.ts';
import { explainMiss } from '../src/plan/explain-miss.ts';
import { stageKey, stageKeyDocument } from '../src/plan/stage-key.ts';
import { initialiseWeights } from '../src/transfer/initialise.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { withHeartbeat } from './heartbeat.ts';
import { loadPlan } from './load-plan.ts';

const QUIET_MS = 120_000; // verifying cached weights reads them once: gigabytes take seconds

/** Derives the trainable mask and the stage key, and looks whether this very stage has been done before. */
export async function freeze(deps: ActivityDependencies, input: FreezeInput): Promise<FreezeResult> {
  return withHeartbeat(QUIET_MS, async () => {
    const { store } = deps;
    const plan = await loadPlan(store, input.plan);
    const stage = stageOf(plan, input.stage);
    const mask = await putJson(store, stage.mask);
    const inputWeights = input.inputWeights ?? (await saveWeights(store, initialiseWeights(plan.model.tree, plan.seed)));
    const document = stageKeyDocument({
      plan,
      stage: input.stage,
      inputWeightsSha256: inputWeights.digest,
      inputOptimizerSha256: input.inputOptimizer?.digest,
      maskDigest: mask.digest,
      dataDigests: digestsOf(input),
    });
    const key = stageKey(document);
    const missReason = await explain(deps, plan, { stage: stage.name, key, document });
    await recordKeyDocument(store, key, document);
    const manifest = await readStageManifest(store, key);
    await recordStage(store, plan.name, { stage: stage.name, key });
    return {
      stageKey: key,
      mask,
      inputWeights,
      trainableParameters: stage.mask.trainableParameters,
      frozenParameters: stage.mask.frozenParameters,
      cached: manifest === undefined ? null : reused(manifest.result, input.stage, stage.name),
      missReason: manifest === undefined ? missReason : null,
    };
  });
}

/** The result of an equal stage, as this run sees it: under its own index and name. */
function reused(result: StageResult, index: number, name: string): StageResult {
  return { ...result, index, name, cached: true };
}

function digestsOf({ data }: FreezeInput): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(data).map(([split, ref]) => [split, ref.digest]));
}

async function explain(
  { store }: ActivityDependencies,
  plan: Plan,
  current: { readonly stage: string; readonly key: string; readonly document: JsonObject },
): Promise<string | null> {
  const before = await lastStageKey(store, plan.name, current.stage);
  if (before === undefined || before === current.key) return null;
  const previous = await readKeyDocument(store, before);
  return previous === undefined ? null : explainMiss(previous, current.document);
}
