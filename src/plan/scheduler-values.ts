import { canonicalClassName } from '../config/classes.ts';
import { schedulerClasses } from '../config/scheduler-keys.ts';
import { sectionDefaults } from '../config/section-defaults.ts';
import type { Json, JsonObject } from '../contracts/json.ts';
import type { SchedulerPlan, WarmupPlan } from '../contracts/plan.ts';
import { checkSchedule, type ScheduleCounts } from './check-schedule.ts';
import type { PlanProblem } from './problems.ts';
import type { StepCounts } from './steps.ts';
import { torchNumbers } from './torch-numbers.ts';

/** torch's LinearLR starts at a third. */
const START_FACTOR = 1 / 3;

/**
 * Reads a resolved, validated scheduler section, null for none. `num_steps` and `num_epochs` become what this stage has left after the
 * warm-up, in the copy that belongs to this stage, inside lists too. Problems: STAGE_INVALID for a warm-up that fills the stage, for
 * num_steps of a stage without a limit, and those of `checkSchedule`.
 */
export function schedulerPlan(
  scheduler: JsonObject | null,
  steps: StepCounts,
  where: string,
): { readonly plan: SchedulerPlan | null; readonly problems: readonly PlanProblem[] } {
  if (scheduler === null) return { plan: null, problems: [] };
  const { warmup, problems } = warmupPlan(scheduler['warmup'] ?? null, steps, `${where}.warmup`);
  const left: ScheduleCounts = { steps: steps.totalSteps - (warmup?.steps ?? 0), epochs: steps.epochs - (warmup?.epochs ?? 0) };
  const name = scheduler['name'] as SchedulerPlan['name'];
  const plan: SchedulerPlan = {
    name,
    config: argumentsOf(name, (scheduler['config'] ?? {}) as JsonObject, left),
    interval: scheduler['interval'] as SchedulerPlan['interval'],
    frequency: scheduler['frequency'] as number,
    ...(name === 'ReduceLROnPlateau' ? { monitor: { name: scheduler['monitor'] as string, strict: scheduler['strict'] as boolean } } : {}),
    ...(warmup === null ? {} : { warmup }),
  };
  return { plan, problems: problems.length > 0 ? problems : checkSchedule(plan, left, where) };
}

function warmupPlan(
  written: Json,
  { totalSteps, stepsPerEpoch }: StepCounts,
  where: string,
): { readonly warmup: WarmupPlan | null; readonly problems: readonly PlanProblem[] } {
  if (written === null) return { warmup: null, problems: [] };
  const { steps = null, fraction = null, start_factor: startFactor = START_FACTOR } = written as JsonObject;
  // A product such as 0.07 * 100 = 7.000000000000001 is a whole number.
  const count = typeof steps === 'number' ? steps : Math.ceil((fraction as number) * totalSteps - 1e-9);
  if (Number.isFinite(count) && count < totalSteps) {
    return { warmup: { steps: count, startFactor: startFactor as number, epochs: Math.floor(count / stepsPerEpoch) }, problems: [] };
  }
  const text = Number.isFinite(count)
    ? `expected fewer steps than the ${totalSteps} of this stage, received ${count}`
    : 'a fraction needs a stage with a known number of steps';
  return { warmup: null, problems: [{ code: 'STAGE_INVALID', where, text, fix: 'shorten the warm-up, or train longer' }] };
}

const PERIODS: ReadonlySet<string> = new Set(['T_max', 'total_steps']);

function argumentsOf(name: SchedulerPlan['name'], written: JsonObject, left: ScheduleCounts): JsonObject {
  const counts: Readonly<Record<string, number>> = { num_steps: left.steps, num_epochs: left.epochs };
  const config: JsonObject = Object.fromEntries(
    Object.entries(torchNumbers(written)).map(([key, value]) => [
      key,
      PERIODS.has(key) && typeof value === 'string' ? (counts[value] ?? value) : value,
    ]),
  );
  if (name === 'OneCycleLR') return oneCycle(config);
  const { schedulers } = config;
  return Array.isArray(schedulers)
    ? { ...config, schedulers: (schedulers as readonly JsonObject[]).map((each) => member(each, left)) }
    : config;
}

/** torch: total_steps, when given, goes before epochs * steps_per_epoch. */
function oneCycle({ epochs, steps_per_epoch: perEpoch, ...config }: JsonObject): JsonObject {
  return { ...config, total_steps: config['total_steps'] ?? Number(epochs) * Number(perEpoch) };
}

/** One scheduler of a list, complete. */
function member({ name: written, config }: JsonObject, left: ScheduleCounts): JsonObject {
  const name = canonicalClassName(schedulerClasses, written as string) as SchedulerPlan['name'];
  const defaults = sectionDefaults('scheduler', name)['config'] as JsonObject;
  return { name, config: argumentsOf(name, { ...defaults, ...((config ?? {}) as JsonObject) }, left) };
}
