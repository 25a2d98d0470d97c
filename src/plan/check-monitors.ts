import { didYouMean } from '../contracts/nearest.ts';
import type { EarlyStoppingPlan, StagePlan } from '../contracts/plan.ts';
import type { CallbackPlans } from './callbacks.ts';
import type { ModelFacts } from './plan-facts.ts';
import type { PlanProblem } from './problems.ts';

/** Metrics that validation computes beside the loss, by task; names are molflux's. */
export const TASK_METRICS: Readonly<Record<ModelFacts['task'], readonly string[]>> = {
  classification: ['accuracy'],
  regression: ['mae', 'rmse', 'r2'],
};

/** What a stage watches. */
export interface Watched {
  readonly callbacks: CallbackPlans;
  readonly carryWeights: StagePlan['carryWeights'];
  /** Whether the stage has a validation pass. */
  readonly validates: boolean;
  /** Whether every epoch of the stage has one: check_val_every_n_epoch is 1. */
  readonly validatesEveryEpoch: boolean;
  readonly task: ModelFacts['task'];
  /** Heads of targets of a molecule model; a model of plain features has none. */
  readonly heads?: readonly string[];
  /** What a ReduceLROnPlateau watches; absent with other schedulers. */
  readonly plateau?: { readonly monitor: string; readonly where: string } | undefined;
}

/**
 * Checks that everything a stage watches will be logged: MONITOR_NOT_FOUND otherwise. There are train/total/loss, and val/total/loss
 * and val/<metric> when the stage validates; a model of molecules adds val/total/<head>, and has val/<head>/<metric> when there are several heads. Best weights are judged at validations, so they need one whatever their monitor.
 */
export function checkMonitors(watched: Watched, where: string): readonly PlanProblem[] {
  const { callbacks, carryWeights, validates, plateau } = watched;
  const early = callbacks.earlyStopping;
  const place = `${where}.trainer.callbacks`;
  return [
    ...(plateau === undefined ? [] : monitorProblems(plateau.monitor, 'ReduceLROnPlateau', { watched, where: plateau.where })),
    ...(early === null ? [] : monitorProblems(early.monitor, 'EarlyStopping', { watched, where: place })),
    ...(early === null ? [] : epochEndProblems(early, watched, place)),
    ...(callbacks.monitorWritten || carryWeights === 'best'
      ? monitorProblems(callbacks.checkpointMonitor.monitor, 'ModelCheckpoint', { watched, where: place })
      : []),
    ...(carryWeights === 'best' && !validates
      ? [
          {
            code: 'MONITOR_NOT_FOUND' as const,
            where: `${where}.carry_weights`,
            text: 'best needs a validation pass, and there is none',
            fix: 'give data a validation split (and limit_val_batches other than 0), or carry the last weights',
          },
        ]
      : []),
  ];
}

/** Judged at the end of every epoch, a strict EarlyStopping needs a value by the end of the first one. */
function epochEndProblems(early: EarlyStoppingPlan, { validates, validatesEveryEpoch }: Watched, where: string): readonly PlanProblem[] {
  const { monitor, strict, checkOnTrainEpochEnd } = early;
  if (checkOnTrainEpochEnd !== true || !strict || !validates || validatesEveryEpoch || !monitor.startsWith('val/')) return [];
  const text = `EarlyStopping judges "${monitor}" at the end of every epoch (check_on_train_epoch_end), but not every epoch has a validation`;
  return [
    { code: 'MONITOR_NOT_FOUND', where, text, fix: 'leave check_on_train_epoch_end out, set strict: false, or check_val_every_n_epoch: 1' },
  ];
}

/** What a validation logs: losses, and metrics by head where there are several. */
function validationMetrics({ task, heads = [] }: Watched): readonly string[] {
  const places = heads.length > 1 ? heads.map((head) => `val/${head}`) : ['val'];
  const losses = ['loss', ...heads].map((name) => `val/total/${name}`);
  return [...losses, ...places.flatMap((place) => TASK_METRICS[task].map((name) => `${place}/${name}`))];
}

function monitorProblems(
  monitor: string,
  callback: string,
  { watched, where }: { readonly watched: Watched; readonly where: string },
): readonly PlanProblem[] {
  const validation = validationMetrics(watched);
  const logged = ['train/total/loss', ...(watched.validates ? validation : [])];
  if (logged.includes(monitor)) return [];
  const needsValidation = validation.includes(monitor);
  const text = needsValidation
    ? `${callback} watches "${monitor}", but there is no validation pass`
    : `${callback} watches "${monitor}", which is never logged${didYouMean(monitor, logged)}`;
  const fix = needsValidation
    ? 'give data a validation split (and limit_val_batches other than 0), or watch train/total/loss'
    : `watch one of ${logged.join(', ')}`;
  return [{ code: 'MONITOR_NOT_FOUND', where, text, fix }];
}
