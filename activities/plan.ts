import { putJson } from '../src/artifacts/json-blob.ts';
import type { StagePlan } from '../src/contracts/plan.ts';
import type { PlanInput, PlanSummary, StageSummary } from '../src/contracts/stage-activities.ts';
import { stateLayout } from '../src/contracts/state-directory.ts';
import { RootstockError } from '../src/errors.ts';
import { planRun } from '../src/planner/plan-run.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { withHeartbeat } from './heartbeat.ts';

const QUIET_MS = 300_000; // a scan ticks per chunk; one SQL statement may sort for minutes

/** Plans the run where the worker is; a plan other than the client's is PLAN_DRIFT. */
export async function plan(deps: ActivityDependencies, input: PlanInput): Promise<PlanSummary> {
  return withHeartbeat(QUIET_MS, async ({ tick }) => {
    const planned = await planRun(input.run, { models: deps.models, cacheDir: stateLayout(deps.stateDir).cache, onProgress: tick });
    if (input.expectedPlanDigest !== null && planned.planDigest !== input.expectedPlanDigest)
      throw drift(input.expectedPlanDigest, planned.planDigest);
    const { plan: resolved, child } = planned;
    const [first] = resolved.stages;
    if (first !== undefined) deps.trainers.prepare(first.trainer.backend);
    return {
      plan: await putJson(deps.store, resolved),
      planDigest: planned.planDigest,
      runDigest: resolved.runDigest,
      name: resolved.name,
      modelName: resolved.model.name,
      stages: resolved.stages.map(summarise),
      baseline: resolved.baseline === null ? null : summarise(resolved.baseline),
      child: child === null ? null : { name: child.name, runDigest: child.runDigest, run: child.run, reason: child.reason },
      warnings: resolved.warnings,
    };
  });
}

function summarise(stage: StagePlan): StageSummary {
  return {
    index: stage.index,
    name: stage.name,
    maxEpochs: stage.trainer.maxEpochs,
    totalSteps: stage.totalSteps,
    trainableParameters: stage.mask.trainableParameters,
    frozenParameters: stage.mask.frozenParameters,
  };
}

function drift(expected: string, actual: string): RootstockError {
  return new RootstockError(
    'PLAN_DRIFT',
    `Planning on the worker gave another plan (${actual.slice(0, 12)}) than in the client (${expected.slice(0, 12)}): the data, the pre-trained model or the version of Rootstock differs between them, or a file changed in between.\nFix: run the same command again; if it happens each time, make sure that client and worker see the same files and run the same version.`,
    { expected, actual },
  );
}
