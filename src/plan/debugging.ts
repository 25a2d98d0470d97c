import type { JsonObject } from '../contracts/json.ts';

/** The two sections that overfit_batches and fast_dev_run bear on, resolved. */
export interface RunSections {
  readonly trainer: JsonObject;
  readonly datamodule: JsonObject;
}

/**
 * Writes what overfit_batches and fast_dev_run mean into the keys they stand for, as Lightning 2.4 does (`_init_debugging_flags`):
 *
 * - overfit_batches: that many batches (or that fraction) of training and of validation; training rows in file order, so that every epoch has the same ones.
 * - fast_dev_run n: one epoch of at most n batches of train (unless overfit_batches says), validation and test, no sanity validation,
 *   validation at the end; early stopping off, and one snapshot kept.
 *
 * Changes nothing that it is given.
 */
export function applyDebugging({ trainer, datamodule }: RunSections): RunSections {
  const overfit = trainer['overfit_batches'];
  const trial = trialBatches(trainer);
  const overfits = overfit !== 0;
  const limit = overfits ? { limit_train_batches: all(overfit), limit_val_batches: all(overfit) } : {};
  return {
    trainer: { ...trainer, ...(trial === 0 ? {} : trialValues(trainer, trial)), ...limit },
    datamodule: overfits ? { ...datamodule, train: { ...(datamodule['train'] as JsonObject), shuffle: false } } : datamodule,
  };
}

/** Batches of a fast_dev_run: true is 1; 0: it is none. */
export function trialBatches(trainer: JsonObject): number {
  return Number(trainer['fast_dev_run']);
}

function trialValues(trainer: JsonObject, batches: number): JsonObject {
  return {
    limit_train_batches: batches,
    limit_val_batches: batches,
    limit_test_batches: batches,
    max_epochs: 1,
    max_steps: batches,
    min_epochs: null,
    min_steps: null,
    num_sanity_val_steps: 0,
    val_check_interval: null,
    check_val_every_n_epoch: 1,
    snapshot: { ...(trainer['snapshot'] as JsonObject), keep: 1 },
  };
}

/** Limits say null for "all", overfit_batches says "1.0". */
function all(overfit: JsonObject[string] | undefined): number | null {
  return overfit === '1.0' ? null : (overfit as number);
}
