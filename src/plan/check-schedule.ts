import type { JsonObject } from '../contracts/json.ts';
import type { OptimizerPlan, SchedulerPlan } from '../contracts/plan.ts';
import type { PlanProblem } from './problems.ts';

/** What a schedule has to fill: a stage's counts less its warm-up. */
export interface ScheduleCounts {
  readonly steps: number;
  readonly epochs: number;
}

/** Checks a resolved schedule against the length of its stage. */
export function checkSchedule(plan: SchedulerPlan, left: ScheduleCounts, where: string): readonly PlanProblem[] {
  const calls = Math.floor((plan.interval === 'step' ? left.steps : left.epochs) / plan.frequency);
  const config = plan.config as JsonObject;
  const { schedulers } = config;
  if (!Array.isArray(schedulers)) return classProblems(plan.name, config, { calls, where: `${where}.config` });
  const milestones = (config['milestones'] ?? []) as readonly number[];
  const sequential = plan.name === 'SequentialLR';
  return (schedulers as readonly JsonObject[]).flatMap((member, index) => {
    const start = sequential && index > 0 ? (milestones[index - 1] ?? 0) : 0;
    const end = sequential ? Math.min(calls, milestones[index] ?? calls) : calls;
    const at = { calls: Math.max(0, end - start), where: `${where}.config.schedulers.${index}.config` };
    return classProblems(member['name'] as string, member['config'] as JsonObject, at);
  });
}

interface Use {
  /** How often the scheduler is stepped, the call after the last optimizer step included, as in torch. */
  readonly calls: number;
  readonly where: string;
}

function classProblems(name: string, config: JsonObject, use: Use): readonly PlanProblem[] {
  return [...endless(config, use), ...(name === 'OneCycleLR' ? oneCycleProblems(config, use) : [])];
}

/** A stage that only time or early stopping ends has no number of steps. */
function endless(config: JsonObject, { where }: Use): readonly PlanProblem[] {
  return ['T_max', 'total_steps']
    .filter((key) => config[key] === Number.POSITIVE_INFINITY)
    .map((key) => ({
      code: 'STAGE_INVALID',
      where: `${where}.${key}`,
      text: 'this stage has no known number of steps or epochs',
      fix: 'give it a whole number, or limit the stage by max_epochs or max_steps',
    }));
}

/** torch.optim.lr_scheduler.OneCycleLR raises when it is stepped beyond total_steps, and divides by the length of each phase. */
function oneCycleProblems(config: JsonObject, { calls, where }: Use): readonly PlanProblem[] {
  const total = config['total_steps'] as number;
  const peak = (config['pct_start'] as number) * total - 1;
  const empty = peak === 0 || (config['three_phase'] === true ? 2 * peak : peak) === total - 1;
  return [
    ...(Number.isFinite(calls) && calls > total
      ? [
          {
            code: 'STAGE_INVALID' as const,
            where: `${where}.total_steps`,
            text: `expected at least the ${calls} scheduler steps that it is in use for, received ${total}`,
            fix: 'set total_steps: num_steps',
          },
        ]
      : []),
    ...(empty
      ? [
          {
            code: 'STAGE_INVALID' as const,
            where: `${where}.pct_start`,
            text: `with total_steps ${total} a phase of the cycle has no length (torch divides by it)`,
            fix: 'choose another pct_start',
          },
        ]
      : []),
  ];
}

/**
 * ReduceLROnPlateau is judged for the first time after epoch `frequency`; a strict monitor of the validation needs a validation by then.
 * `checkValEveryNEpoch` null: validations go by batches, which this does not look into.
 */
export function lateMonitor(scheduler: SchedulerPlan | null, checkValEveryNEpoch: number | null, where: string): readonly PlanProblem[] {
  const { monitor, frequency } = scheduler ?? { monitor: undefined, frequency: 1 };
  if (monitor === undefined || !monitor.strict || !monitor.name.startsWith('val/')) return [];
  if (checkValEveryNEpoch === null || checkValEveryNEpoch <= frequency) return [];
  const text = `ReduceLROnPlateau needs "${monitor.name}" after epoch ${frequency}, but the first validation is after epoch ${checkValEveryNEpoch}`;
  const fix = `set scheduler.frequency: ${checkValEveryNEpoch}, or scheduler.strict: false`;
  return [{ code: 'MONITOR_NOT_FOUND', where: `${where}.monitor`, text, fix }];
}

/** torch's defaults of each class say whether it has a momentum to cycle. */
const MOMENTUM_KEYS = ['momentum', 'betas'] as const;

/**
 * The momentum that a schedule starts with when it cycles it (CyclicLR, OneCycleLR), otherwise null. Problems: an optimizer without
 * momentum (torch refuses it alike), and NAdam, whose state holds the product of all momenta so far.
 */
export function cycledMomentum(
  scheduler: SchedulerPlan | null,
  optimizer: { readonly name: OptimizerPlan['name']; readonly config: JsonObject },
  where: string,
): { readonly momentum: number | null; readonly problems: readonly PlanProblem[] } {
  if (scheduler?.config['cycle_momentum'] !== true) return { momentum: null, problems: [] };
  const place = `${where}.config.cycle_momentum`;
  const fix = 'set cycle_momentum: false, or choose another optimizer';
  if (optimizer.name === 'NAdam') {
    const text = 'cycling the momentum is not available for NAdam, which keeps the product of its momenta';
    return { momentum: null, problems: [{ code: 'NOT_AVAILABLE', where: place, text, fix }] };
  }
  if (MOMENTUM_KEYS.every((key) => optimizer.config[key] === undefined)) {
    const text = `optimizer must support momentum or beta1 with cycle_momentum enabled, and ${optimizer.name} has neither (torch's default of cycle_momentum is true)`;
    return { momentum: null, problems: [{ code: 'STAGE_INVALID', where: place, text, fix }] };
  }
  return { momentum: scheduler.config['max_momentum'] as number, problems: [] };
}

/** Schedules that give every group the same rate would silently undo learning rates of single groups: refused. */
export function overriddenRates(scheduler: SchedulerPlan | null, optimizer: OptimizerPlan, where: string): readonly PlanProblem[] {
  if (scheduler === null || !ABSOLUTE.has(scheduler.name)) return [];
  const differs = (optimizer.groups ?? []).some(({ config }) => config['lr'] !== optimizer.config['lr']);
  if (!differs) return [];
  const text = `${scheduler.name} replaces the learning rate of every parameter group, so that param_groups and layer_decay could not change it`;
  return [
    {
      code: 'STAGE_INVALID',
      where: `${where}.name`,
      text,
      fix: 'choose another scheduler, or leave out lr in param_groups and layer_decay',
    },
  ];
}

const ABSOLUTE: ReadonlySet<string> = new Set(['CyclicLR', 'OneCycleLR']);
