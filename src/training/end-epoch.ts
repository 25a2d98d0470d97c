import { decodeNumber, encodeNumber, type Metrics } from '../contracts/json.ts';
import { drainLosses } from './check-losses.ts';
import { stepBest, stepEarlyStopping } from './early-stopping.ts';
import { evaluateDataset } from './evaluate-dataset.ts';
import { type FitRun, lastLr } from './fit-run.ts';
import { groupRates } from './group-rates.ts';
import { createHeadMetrics } from './metrics/head-metrics.ts';
import { targetLayout } from './target-layout.ts';
import { downloadTensors } from './tensor-data.ts';

/** What is due after an optimizer step. At least one of the two. */
export interface Due {
  /** A validation. */
  readonly validation: boolean;
  /** The epoch ends here, or the stage does in the middle of one: the mean training loss becomes a metric. */
  readonly epochEnd: boolean;
}

/** Does what is due between two steps: validation, mean training loss, rows of the ledger, best weights, early stopping. */
export async function measure(run: FitRun, due: Due): Promise<void> {
  const validation = due.validation ? await validate(run) : null;
  await drainLosses(run);
  const metrics: Metrics = { ...(due.epochEnd ? endOfEpoch(run) : {}), ...validation };
  const rates = due.epochEnd && run.setup.stage.trainer.logLrEveryEpoch === true ? groupRates(run.setup.stage, run.lastSettings) : {};
  run.ledger.addEpoch(run.position, { ...metrics, ...rates });
  run.position = { ...run.position, metrics: { ...run.position.metrics, ...metrics } };
  if (validation !== null) await keepBest(run, metrics);
  judge(run, metrics, { validated: validation !== null, epochEnd: due.epochEnd });
}

/**
 * Computes all metrics of the task on the validation split, by the averaged weights where there are some; null without a split.
 * `limit`: sanity validation looks at fewer batches.
 */
export async function validate(run: FitRun, limit = run.setup.stage.trainer.limitValBatches): Promise<Metrics | null> {
  const { model, validation, stage } = run.setup;
  const batches = run.batches.validation;
  if (validation === null || batches === null || stage.trainer.limitValBatches === 0) return null;
  // Made once: that takes longer than judging a small split.
  const metrics = (run.validationMetrics ??= createHeadMetrics(targetLayout(model), null, { perColumn: false }));
  metrics.restore({});
  const between = () => {
    run.deps.events.phase('validate', run.stepBudgetMs);
    return run.deps.nextTurn();
  };
  const params = { ...run.state.params(), ...run.average?.params() };
  await evaluateDataset({ model, params, dataset: validation, batches, ...stage.datamodule.validation, limit, between }, metrics);
  return metrics.values('val');
}

/** The mean loss over the samples of the epoch so far, and the learning rate of its last step when a LearningRateMonitor asks for it. */
function endOfEpoch(run: FitRun): Metrics {
  const { sum, samples } = run.meter.epoch();
  run.meter.resetEpoch();
  const lr = run.setup.stage.trainer.logLrEveryEpoch === true ? { lr: encodeNumber(lastLr(run)) } : {};
  return { 'train/total/loss': encodeNumber(sum / samples), ...lr };
}

async function keepBest(run: FitRun, metrics: Metrics): Promise<void> {
  const plan = run.setup.stage.trainer.checkpointMonitor;
  const value = metrics[plan.monitor];
  if (value === undefined) return;
  const { state, improved } = stepBest(plan, run.monitor.best, decodeNumber(value));
  run.monitor = { ...run.monitor, best: state };
  if (!improved) return;
  const { trainable, buffers } = run.state;
  run.best = await downloadTensors(new Map([...trainable, ...buffers, ...Object.entries(run.average?.params() ?? {})]));
}

/**
 * Judges the monitor whenever it was logged, or when check_on_train_epoch_end says. Where it ought to have been logged, `strict` says what
 * its absence means.
 */
function judge(run: FitRun, metrics: Metrics, at: { readonly validated: boolean; readonly epochEnd: boolean }): void {
  const plan = run.setup.stage.trainer.earlyStopping;
  const before = run.monitor.earlyStopping;
  if (plan === null || before === null) return;
  const when = plan.checkOnTrainEpochEnd;
  if (when === true ? !at.epochEnd : when === false && !at.validated) return;
  const value = when === true ? run.position.metrics[plan.monitor] : metrics[plan.monitor];
  if (value === undefined && when !== true && !(at.validated && at.epochEnd)) return;
  const { state, stop } = stepEarlyStopping(plan, before, value === undefined ? undefined : decodeNumber(value));
  run.monitor = { ...run.monitor, earlyStopping: state };
  if (stop) run.position = { ...run.position, stopRequested: true };
}
