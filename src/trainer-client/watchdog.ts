/** Watches that each phase ends within its budget. */
export interface Watchdog {
  /** A phase begins (or a step of it is done): the clock starts again. */
  begin(budgetMs: number): void;
  isContent(): boolean;
  /** Whether it has bitten. */
  expired(): boolean;
  end(): void;
}

/** Starting Node and loading the trainer's code: generous, because a busy machine is slow here and nothing is lost by waiting. */
const START_BUDGET_MS = 60_000;

/** Creates a watchdog that calls `bite` once when a budget is used up. */
export function createWatchdog(bite: () => void): Watchdog {
  let bitten = false;
  const arm = (ms: number) =>
    setTimeout(() => {
      bitten = true;
      bite();
    }, ms);
  let timer = arm(START_BUDGET_MS);
  return {
    begin(budgetMs) {
      clearTimeout(timer);
      if (!bitten) timer = arm(budgetMs);
    },
    isContent: () => !bitten,
    expired: () => bitten,
    end: () => clearTimeout(timer),
  };
}
