import type { JsonObject } from '../contracts/json.ts';
import { plural } from '../contracts/plural.ts';
import type { PlanProblem } from './problems.ts';

/** How often a stage validates within its epochs. */
export interface ValidationInterval {
  /** Batches between two validations; undefined: at the end of an epoch. */
  readonly interval: number | undefined;
  readonly problems: readonly PlanProblem[];
}

/**
 * Turns val_check_interval into batches, as Lightning 2.4 does: a fraction is of the epoch's batches, rounded down, at least 1. An interval
 * of a whole epoch is none. Validation happens between two optimizer steps, so every interval has to end where an accumulation window does
 * (Lightning validates in the middle of a window, with the weights of the step before). STAGE_INVALID otherwise, and when it is longer
 * than the epoch. `where` is the dotted place of the stage.
 */
export function validationInterval(
  trainer: JsonObject,
  { batchesPerEpoch, validates }: { readonly batchesPerEpoch: number; readonly validates: boolean },
  where: string,
): ValidationInterval {
  const written = trainer['val_check_interval'] as number | null;
  if (written === null || !validates || batchesPerEpoch === 0) return { interval: undefined, problems: [] };
  const acrossEpochs = trainer['check_val_every_n_epoch'] === null;
  const interval = Number.isInteger(written) ? written : Math.max(1, Math.floor(batchesPerEpoch * written));
  if (!acrossEpochs && interval === batchesPerEpoch) return { interval: undefined, problems: [] };
  const problem = (text: string, fix: string): ValidationInterval => ({
    interval,
    problems: [{ code: 'STAGE_INVALID', where: `${where}.trainer.val_check_interval`, text, fix }],
  });
  if (!acrossEpochs && interval > batchesPerEpoch) {
    return problem(
      `every ${interval} ${plural(interval, 'batch', 'batches')}, but an epoch has ${batchesPerEpoch}`,
      `lower val_check_interval to at most ${batchesPerEpoch}, or set check_val_every_n_epoch: null to count across epochs`,
    );
  }
  const window = trainer['accumulate_grad_batches'] as number;
  const unaligned = interval % window !== 0 || (acrossEpochs && batchesPerEpoch % window !== 0);
  if (!unaligned) return { interval, problems: [] };
  const epoch = acrossEpochs ? ` (and the ${batchesPerEpoch} ${plural(batchesPerEpoch, 'batch', 'batches')} of an epoch)` : '';
  return problem(
    `every ${interval} ${plural(interval, 'batch', 'batches')} falls between the ${window} batches of an optimizer step`,
    `make val_check_interval${epoch} a multiple of accumulate_grad_batches (${window})`,
  );
}
