import type { Json } from '../contracts/json.ts';
import type { CarriedOptimizerPlan, OptimizerPlan, StagePlan } from '../contracts/plan.ts';
import type { PlanProblem } from './problems.ts';

/**
 * Works out for each stage what it takes over from the optimizer of the stage before, when that one says carry_optimizer: matching. A
 * parameter goes on with its slots and step count when both stages train it, with the same class, and with arguments that give it the
 * same slots; the others start fresh. (Shapes agree: both stages have the same model.)
 *
 * Problems: STAGE_INVALID for the last stage, which nothing follows, and together with carry_weights other than last, because
 * slots belong to the last weights.
 */
export function carryOptimizers(
  stages: readonly StagePlan[],
  where: (index: number) => string,
): { readonly stages: readonly StagePlan[]; readonly problems: readonly PlanProblem[] } {
  const problems = stages.flatMap((stage, index) => carryProblems(stage, { last: index === stages.length - 1, where: where(index) }));
  const carried = stages.map((stage, index) => {
    const before = stages[index - 1];
    return before?.carryOptimizer === 'matching' ? { ...stage, optimizerFrom: match(before, stage) } : stage;
  });
  return { stages: carried, problems };
}

function carryProblems(
  { carryOptimizer, carryWeights }: StagePlan,
  { last, where }: { readonly last: boolean; readonly where: string },
): readonly PlanProblem[] {
  if (carryOptimizer === 'reset') return [];
  const place = `${where}.carry_optimizer`;
  if (last) {
    return [{ code: 'STAGE_INVALID', where: place, text: 'matching, but no stage follows that could take it over', fix: 'leave it out' }];
  }
  if (carryWeights === 'last') return [];
  const text = `matching goes with the last weights, but carry_weights is ${carryWeights}`;
  return [{ code: 'STAGE_INVALID', where: place, text, fix: 'set carry_weights: last, or leave carry_optimizer out' }];
}

function match(before: StagePlan, stage: StagePlan): CarriedOptimizerPlan {
  const trained = new Set(before.mask.trainable);
  const goesOn = (path: string): boolean =>
    before.optimizer.name === stage.optimizer.name &&
    trained.has(path) &&
    slotKey(argumentsOf(before.optimizer, path)) === slotKey(argumentsOf(stage.optimizer, path));
  return {
    carried: stage.mask.trainable.filter(goesOn),
    fresh: stage.mask.trainable.filter((path) => !goesOn(path)),
  };
}

function argumentsOf({ config, groups }: OptimizerPlan, path: string): Readonly<Record<string, Json>> {
  return groups?.find(({ paths }) => paths.includes(path))?.config ?? config;
}

/** The arguments that decide which slots there are: amsgrad (Adam, AdamW), momentum (SGD, RMSprop), centered (RMSprop). */
function slotKey({ amsgrad = false, momentum = 0, centered = false }: Readonly<Record<string, Json>>): string {
  return JSON.stringify([amsgrad, momentum !== 0, centered]);
}
