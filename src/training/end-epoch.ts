import { decodeNumber, encodeNumber, type Metrics } from '../contracts/json.ts';
import { drainLosses } from './check-losses.ts';
import { stepBest, stepEarlyStopping } from './early-stopping.ts';
import { evaluateDataset } from './evaluate-dataset.ts';
import type { FitRun } from './fit-run.ts';
import { createMetrics } from './metrics/create-metrics.ts';
import { downloadTensors } from './tensor-data.ts';

/**
 * Ends an epoch (or the stage in the middle of one): mean training loss, validation when it is due or the stage ends here, best weights,
 * early stopping, rows of the ledger. `last`: nothing is trained after this; then a validation always runs, so that "best" exists
 * whenever there is a validation split.
 */
export async function endEpoch(run: FitRun, options: { readonly last: boolean; readonly partial: boolean }): Promise<void> {
  const { epoch } = run.position;
  const every = run.setup.stage.trainer.checkValEveryNEpoch;
  const due = !options.partial && (epoch + 1) % every === 0;
  const validation = due || options.last ? await validate(run) : null;
  await drainLosses(run);
  const { sum, samples } = run.meter.epoch();
  const metrics: Metrics = { 'train/total/loss': encodeNumber(sum / samples), ...validation };
  run.ledger.addEpoch(run.position, metrics);
  run.position = { ...run.position, metrics: { ...run.position.metrics, ...metrics } };
  if (validation !== null) await keepBest(run, metrics);
  judge(run, metrics, validation !== null);
  run.meter.resetEpoch();
}

/** Computes all metrics of the task on the validation split; null without one. `limit`: sanity validation looks at fewer batches. */
export async function validate(run: FitRun, limit = run.setup.stage.trainer.limitValBatches): Promise<Metrics | null> {
  const { model, validation, stage } = run.setup;
  if (validation === null || stage.trainer.limitValBatches === 0) return null;
  const metrics = createMetrics(null, model.definition.task);
  const between = async () => {
    run.deps.events.phase('validate', run.stepBudgetMs);
    await run.deps.nextTurn();
  };
  const { batchSize, dropLast } = stage.datamodule.validation;
  const params = run.state.params();
  await evaluateDataset(
    { model, params, dataset: validation, neighbours: stage.datamodule.neighbours, batchSize, dropLast, limit, between },
    metrics,
  );
  return metrics.values('val');
}

async function keepBest(run: FitRun, metrics: Metrics): Promise<void> {
  const plan = run.setup.stage.trainer.checkpointMonitor;
  const value = metrics[plan.monitor];
  if (value === undefined) return;
  const { state, improved } = stepBest(plan, run.monitor.best, decodeNumber(value));
  run.monitor = { ...run.monitor, best: state };
  if (improved) run.best = await downloadTensors(new Map([...run.state.trainable, ...run.state.buffers]));
}

/** A monitor is judged whenever it was logged; at a validation it has to be (strict). */
function judge(run: FitRun, metrics: Metrics, validated: boolean): void {
  const plan = run.setup.stage.trainer.earlyStopping;
  const before = run.monitor.earlyStopping;
  if (plan === null || before === null) return;
  const value = metrics[plan.monitor];
  if (value === undefined && !validated) return;
  const { state, stop } = stepEarlyStopping(plan, before, value === undefined ? undefined : decodeNumber(value));
  run.monitor = { ...run.monitor, earlyStopping: state };
  if (stop) run.position = { ...run.position, stopRequested: true };
}
