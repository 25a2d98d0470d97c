/** Time a phase may take before the parent kills the trainer (TRAINER_STALLED). Generous: a slow machine must not look like a hung one. */
export const PHASE_BUDGETS_MS = {
  /** Plan, weights and data are read and verified; each re-arms the clock. */
  decode: 300_000,
  /** Newest snapshot to device. */
  restore: 120_000,
  /** The first step of a model: compiles kernels, grows the heap. Nothing is known about its length yet. */
  dryRun: 300_000,
  /** Hash, write and fsync of a snapshot; a disk that syncs for 20 s is slow, not hung. */
  commit: 120_000,
  /** Floor of a step or validation batch. */
  step: 10_000,
} as const;

/** Budget of a step or a validation batch: 20 times the measured dry run, at least 10 s. */
export function stepBudgetMs(measuredMs: number): number {
  return Math.max(20 * measuredMs, PHASE_BUDGETS_MS.step);
}
