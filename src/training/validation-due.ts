import type { TrainerPlan } from '../contracts/plan.ts';

/** Where an epoch stands after an optimizer step. */
export interface EpochProgress {
  /** 0-based epoch, and its batches done. */
  readonly epoch: number;
  readonly batch: number;
  readonly batchesPerEpoch: number;
}

/**
 * Says whether validation is due after an optimizer step, as Lightning 2.4 decides it (`_should_check_val_fx`): at the end of every n-th
 * epoch, or after every `valCheckInterval` batches of it; with check_val_every_n_epoch null the batches are counted across epochs. An
 * interval that the epoch's length is no multiple of leaves the epoch's end without a validation.
 */
export function isValidationDue(
  { checkValEveryNEpoch, valCheckInterval }: Pick<TrainerPlan, 'checkValEveryNEpoch' | 'valCheckInterval'>,
  { epoch, batch, batchesPerEpoch }: EpochProgress,
): boolean {
  if (checkValEveryNEpoch !== null && (epoch + 1) % checkValEveryNEpoch !== 0) return false;
  if (valCheckInterval === undefined) return batch >= batchesPerEpoch;
  const counted = checkValEveryNEpoch === null ? epoch * batchesPerEpoch + batch : batch;
  return counted % valCheckInterval === 0;
}
