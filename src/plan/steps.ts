/** What decides how many optimizer steps a stage takes. */
export interface StepFacts {
  /** Rows of the training split. */
  readonly rows: number;
  readonly batchSize: number;
  readonly dropLast: boolean;
  /** Lightning's limit_train_batches: a whole number of batches, a fraction of them, or null. */
  readonly limit: number | null;
  readonly accumulate: number;
  /** -1: no limit. */
  readonly maxEpochs: number;
  /** -1: no limit. */
  readonly maxSteps: number;
}

/** Steps of a stage if nothing stops it earlier. */
export interface StepCounts {
  readonly batchesPerEpoch: number;
  readonly stepsPerEpoch: number;
  readonly totalSteps: number;
  /** Epochs begun when the steps run out; maxEpochs when there is one and max_steps does not cut it short. */
  readonly epochs: number;
}

/** Counts batches and steps as Lightning 2.4 does (`estimated_stepping_batches`): the short last accumulation window of an epoch is a step. */
export function countSteps(facts: StepFacts): StepCounts {
  const batchesPerEpoch = limitedBatches(countBatches(facts), facts.limit);
  const stepsPerEpoch = Math.ceil(batchesPerEpoch / facts.accumulate);
  const byEpochs = facts.maxEpochs < 0 ? Number.POSITIVE_INFINITY : facts.maxEpochs * stepsPerEpoch;
  const bySteps = facts.maxSteps < 0 ? Number.POSITIVE_INFINITY : facts.maxSteps;
  const totalSteps = Math.min(byEpochs, bySteps);
  return { batchesPerEpoch, stepsPerEpoch, totalSteps, epochs: stepsPerEpoch === 0 ? 0 : Math.ceil(totalSteps / stepsPerEpoch) };
}

/** Batches of one pass over a split. */
export function countBatches({ rows, batchSize, dropLast }: Pick<StepFacts, 'rows' | 'batchSize' | 'dropLast'>): number {
  return dropLast ? Math.floor(rows / batchSize) : Math.ceil(rows / batchSize);
}

/** How many of `batches` a limit leaves: at most that many, or the fraction rounded down, as in Lightning. */
export function limitedBatches(batches: number, limit: number | null): number {
  if (limit === null) return batches;
  return Number.isInteger(limit) ? Math.min(batches, limit) : Math.floor(batches * limit);
}
