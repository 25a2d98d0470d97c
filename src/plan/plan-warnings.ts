import type { StagePlan } from '../contracts/plan.ts';
import { plural } from '../contracts/plural.ts';
import { MOST_PREFIX_BYTES } from './prefix-cache.ts';

/** Says what is allowed but probably not meant, one sentence each. */
export function planWarnings(stages: readonly StagePlan[]): readonly string[] {
  return stages.flatMap((stage) => [
    ...carryWarning(stage),
    ...timeWarning(stage),
    ...trialWarning(stage),
    ...schedulerWarning(stage),
    ...freshOptimizer(stage),
    ...prefixWarning(stage),
    ...oldNames(stage),
  ]);
}

function carryWarning({ name, trainer, carryWeights }: StagePlan): readonly string[] {
  if (trainer.earlyStopping === null || carryWeights !== 'last') return [];
  return [
    `Stage "${name}" stops early on ${trainer.earlyStopping.monitor} but passes on its last weights, which come after the best ones; carry_weights: best passes on the best.`,
  ];
}

/** How far a stage gets in a given time depends on the machine and what else it does. */
function timeWarning({ name, trainer: { maxTimeSeconds } }: StagePlan): readonly string[] {
  if (maxTimeSeconds === undefined) return [];
  return [
    `Stage "${name}" ends after ${maxTimeSeconds} ${plural(maxTimeSeconds, 'second')} of training at the latest, so its result is not reproducible if that happens.`,
  ];
}

function trialWarning({ name, trainer: { fastDevRun } }: StagePlan): readonly string[] {
  if (fastDevRun === undefined) return [];
  return [
    `Stage "${name}" is a trial (fast_dev_run): it trains on at most ${fastDevRun} ${plural(fastDevRun, 'batch', 'batches')}, and its weights are no result.`,
  ];
}

/** A schedule that counts epochs hardly moves when its period is a number of steps. */
function schedulerWarning({ name, scheduler, totalSteps, stepsPerEpoch }: StagePlan): readonly string[] {
  if (scheduler === null || scheduler.interval !== 'epoch' || stepsPerEpoch === 1) return [];
  const period = scheduler.config['T_max'];
  if (period !== totalSteps) return [];
  return [
    `Stage "${name}" steps its ${scheduler.name} once per epoch, but T_max is its ${totalSteps} optimizer ${plural(totalSteps, 'step')}; num_epochs is the number of epochs.`,
  ];
}

function prefixWarning({ name, prefixCache }: StagePlan): readonly string[] {
  if (prefixCache === undefined || prefixCache.fits) return [];
  const mebibytes = (bytes: number) => Math.ceil(bytes / 2 ** 20);
  return [
    `Stage "${name}" computes its frozen ${prefixCache.modules.join(', ')} anew in every step: the outputs would take ${mebibytes(prefixCache.byteLength)} MiB, more than the ${mebibytes(MOST_PREFIX_BYTES)} MiB that are kept.`,
  ];
}

/** carry_optimizer: matching that matches nothing is allowed: the plan says so. */
function freshOptimizer({ name, optimizer, optimizerFrom }: StagePlan): readonly string[] {
  if (optimizerFrom === undefined || optimizerFrom.carried.length > 0) return [];
  return [
    `Stage "${name}" takes over no optimizer state although the stage before hands it on: no parameter is trained in both by ${optimizer.name} with the same slots.`,
  ];
}

/** physicsml's deprecated names of batch sizes are honoured. */
function oldNames({ name, origins }: StagePlan): readonly string[] {
  return (['train', 'validation'] as const).flatMap((split) =>
    origins[`datamodule.${split}_batch_size`] === undefined
      ? []
      : [`Stage "${name}" has its batch size from datamodule.${split}_batch_size, an old name; write datamodule.${split}.batch_size.`],
  );
}
