import { putJson } from '../src/artifacts/json-blob.ts';
import { loadWeights, saveWeights } from '../src/artifacts/safetensors/weights-blob.ts';
import type { MatchInput, MatchResult } from '../src/contracts/stage-activities.ts';
import { RootstockError } from '../src/errors.ts';
import { applyMatch } from '../src/transfer/apply-match.ts';
import { initialiseWeights } from '../src/transfer/initialise.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { withHeartbeat } from './heartbeat.ts';
import { loadPlan } from './load-plan.ts';

const QUIET_MS = 120_000; // copying gigabytes of weights takes seconds

/** Makes the initial weights of stage 1: fresh ones by (seed, path), then what the match copies from the pre-trained model. */
export async function match({ store }: ActivityDependencies, input: MatchInput): Promise<MatchResult> {
  return withHeartbeat(QUIET_MS, async () => {
    const plan = await loadPlan(store, input.plan);
    const fresh = initialiseWeights(plan.model.tree, plan.seed);
    if (plan.initial.kind === 'fresh') {
      return {
        weights: await saveWeights(store, fresh),
        report: null,
        matchedParameters: 0,
        freshParameters: parameterCount(plan.model.tree.tensors),
      };
    }
    if (input.preTrained === null) throw new RootstockError('INTERNAL', 'A plan with a pre-trained model was matched without its weights.');
    const report = plan.initial.match;
    const weights = applyMatch(report, await loadWeights(store, input.preTrained), fresh);
    return {
      weights: await saveWeights(store, weights),
      report: await putJson(store, report),
      matchedParameters: report.counts.matchedParameters,
      freshParameters: report.counts.freshParameters,
    };
  });
}

function parameterCount(tensors: readonly { readonly kind: string; readonly shape: readonly number[] }[]): number {
  return tensors
    .filter(({ kind }) => kind === 'parameter')
    .reduce((sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1), 0);
}
