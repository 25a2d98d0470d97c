import { RootstockError } from '../errors.ts';
import { rowsOfBatch } from './batches.ts';
import { type FitRun, orderOf } from './fit-run.ts';

/**
 * Reads back the losses that wait on the device. Each is kept until it is read, so a NaN or infinity is traced to its exact step and batch
 * without a replay. NON_FINITE_LOSS (a retry gives the same) unless terminate_on_nan is false and detect_anomaly too: then training goes
 * on, and the log says NaN.
 */
export async function drainLosses(run: FitRun): Promise<void> {
  const bad = await run.meter.drain();
  const { terminateOnNan, detectAnomaly } = run.setup.stage.trainer;
  if (bad === null || (!terminateOnNan && detectAnomaly !== true)) return;
  const { train, stage } = run.setup;
  const rows = [...rowsOfBatch(orderOf(run, bad.epoch), bad.batch, stage.datamodule.train.batchSize)].map((row) => train.rowId(row));
  const newest = run.deps.sink.newest();
  const kept =
    newest === null ? 'No snapshot had been committed.' : `The last good snapshot, ${newest.snapshot} at step ${newest.step}, is kept.`;
  const shown = rows.slice(0, 20).join(', ') + (rows.length > 20 ? `, ... and ${rows.length - 20} more` : '');
  throw new RootstockError(
    'NON_FINITE_LOSS',
    [
      `The loss of stage "${stage.name}" is ${bad.value} at optimizer step ${bad.step} (epoch ${bad.epoch}, batch ${bad.batch}; both from 0). ${kept}`,
      `  rows of that batch: ${shown}`,
      'Fix: lower the learning rate (optimizer.config.lr), set trainer.gradient_clip_val, or look at these rows.',
    ].join('\n'),
    { stage: stage.name, step: bad.step, epoch: bad.epoch, batch: bad.batch, value: String(bad.value), rows },
  );
}
