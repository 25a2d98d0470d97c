import type { BackendName, TrainableMask } from '../contracts/plan.ts';
import type { PlanProblem } from './problems.ts';

/** Trainable parameters that fit the wasm heap (2 to 4 GiB) with optimizer slots and gradients; beyond, tfjs's malloc fails. Fewer with an average: the same bytes. */
export const WASM_PARAMETER_BUDGET = 45_000_000;

/**
 * Bytes that weights and optimizer state take: 12 per trainable parameter (value and two float32 slots of Adam), 4 more where
 * EMAWeightAveraging keeps its average, 4 per frozen one.
 */
export function memoryEstimate(mask: Pick<TrainableMask, 'trainableParameters' | 'frozenParameters'>, averaged: boolean): number {
  return perTrainable(averaged) * mask.trainableParameters + 4 * mask.frozenParameters;
}

function perTrainable(averaged: boolean): number {
  return averaged ? 16 : 12;
}

/** What is held against the budget. */
export interface BudgetFacts {
  readonly mask: TrainableMask;
  readonly backend: BackendName;
  /** Whether EMAWeightAveraging keeps an average of the trainable parameters. */
  readonly averaged: boolean;
  readonly memoryBytes: number | undefined;
}

/** Refuses a stage that cannot fit: PARAMETER_BUDGET. `where` is the dotted place of the stage. */
export function checkBudget({ mask, backend, averaged, memoryBytes }: BudgetFacts, where: string): readonly PlanProblem[] {
  const trainable = mask.trainableParameters;
  const most = Math.floor((WASM_PARAMETER_BUDGET * perTrainable(false)) / perTrainable(averaged));
  const average = averaged ? ' with EMAWeightAveraging' : '';
  if (backend === 'wasm' && trainable > most) {
    return [
      {
        code: 'PARAMETER_BUDGET',
        where,
        text: `${trainable} trainable parameters, expected at most ${most} on the wasm backend${average}`,
        fix: 'freeze more modules, make the model smaller, or use accelerator: gpu',
      },
    ];
  }
  const bytes = memoryEstimate(mask, averaged);
  if (memoryBytes === undefined || bytes <= memoryBytes) return [];
  return [
    {
      code: 'PARAMETER_BUDGET',
      where,
      text: `weights${averaged ? ', their average' : ''} and optimizer state take about ${gib(bytes)}, this machine has ${gib(memoryBytes)}`,
      fix: 'freeze more modules or make the model smaller',
    },
  ];
}

function gib(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(1)} GiB`;
}
