import type { Plan, StagePlan, WeightAveragingPlan } from '../contracts/plan.ts';
import { formatCount } from './format.ts';

/** Writes what the table of stages has no column for: when a stage validates, what may end it, which weights it hands on. A line for each stage that has something to say. */
export function formatStageNotes({ stages, baseline }: Pick<Plan, 'stages' | 'baseline'>): string {
  const all = baseline === null ? stages : [...stages, baseline];
  return all
    .flatMap((stage) => {
      const notes = notesOf(stage);
      return notes.length === 0 ? [] : [`${stage.name} ${notes.join('; ')}`];
    })
    .join('\n');
}

function notesOf(stage: StagePlan): readonly string[] {
  const { trainer, carryWeights } = stage;
  const { earlyStopping, weightAveraging, maxTimeSeconds, checkpointMonitor } = trainer;
  return [
    ...validation(stage),
    ...(earlyStopping === null
      ? []
      : [`stops early on ${earlyStopping.monitor} (${earlyStopping.mode}, patience ${earlyStopping.patience})`]),
    ...(maxTimeSeconds === undefined ? [] : [`trains for ${formatCount(maxTimeSeconds)} s at most`]),
    ...(weightAveraging === undefined ? [] : [`averages weights with decay ${weightAveraging.decay} ${averagingTimes(weightAveraging)}`]),
    ...(carryWeights === 'best' ? [`hands on its best weights by ${checkpointMonitor.monitor} (${checkpointMonitor.mode})`] : []),
    ...(carryWeights === 'ema' ? ['hands on its averaged weights'] : []),
    ...(trainer.detectAnomaly === true ? ['checks loss and gradients in every step'] : []),
  ];
}

function averagingTimes({ updateEveryNSteps, updateStartingAtStep, updateStartingAtEpoch }: WeightAveragingPlan): string {
  return [
    ...(updateEveryNSteps === 0 ? [] : [`after every ${nth(updateEveryNSteps)}step from ${updateStartingAtStep} on`]),
    ...(updateStartingAtEpoch === undefined ? [] : [`at the end of every epoch from ${updateStartingAtEpoch} on`]),
  ].join(' and ');
}

function validation({ trainer: { valCheckInterval, checkValEveryNEpoch } }: StagePlan): readonly string[] {
  if (valCheckInterval !== undefined) {
    const across =
      checkValEveryNEpoch === null ? ' across epochs' : checkValEveryNEpoch > 1 ? ` of every ${nth(checkValEveryNEpoch)}epoch` : '';
    return [`validates every ${valCheckInterval === 1 ? 'batch' : `${valCheckInterval} batches`}${across}`];
  }
  return checkValEveryNEpoch === null || checkValEveryNEpoch === 1 ? [] : [`validates after every ${nth(checkValEveryNEpoch)}epoch`];
}

/** "3rd ", or nothing for every one. */
function nth(count: number): string {
  if (count === 1) return '';
  const teen = count % 100 >= 11 && count % 100 <= 13;
  const ending = teen ? 'th' : ({ 1: 'st', 2: 'nd', 3: 'rd' }[count % 10] ?? 'th');
  return `${count}${ending} `;
}
