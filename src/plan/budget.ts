import type { BackendName, TrainableMask } from '../contracts/plan.ts';
import type { PlanProblem } from './problems.ts';

/** Trainable parameters that fit the wasm heap (2 to 4 GiB) with optimizer slots and gradients; beyond, tfjs's malloc fails. */
export const WASM_PARAMETER_BUDGET = 45_000_000;

/** Bytes that weights and optimizer state take: 12 per trainable parameter (value and two float32 slots of Adam), 4 per frozen one. */
export function memoryEstimate(mask: Pick<TrainableMask, 'trainableParameters' | 'frozenParameters'>): number {
  return 12 * mask.trainableParameters + 4 * mask.frozenParameters;
}

/** What is held against the budget. */
export interface BudgetFacts {
  readonly mask: TrainableMask;
  readonly backend: BackendName;
  readonly memoryBytes: number | undefined;
}

/** Refuses a stage that cannot fit: PARAMETER_BUDGET. `where` is the dotted place of the stage. */
export function checkBudget({ mask, backend, memoryBytes }: BudgetFacts, where: string): readonly PlanProblem[] {
  const trainable = mask.trainableParameters;
  if (backend === 'wasm' && trainable > WASM_PARAMETER_BUDGET) {
    return [
      {
        code: 'PARAMETER_BUDGET',
        where,
        text: `${trainable} trainable parameters, expected at most ${WASM_PARAMETER_BUDGET} on the wasm backend`,
        fix: 'freeze more modules, make the model smaller, or use accelerator: gpu',
      },
    ];
  }
  const bytes = memoryEstimate(mask);
  if (memoryBytes === undefined || bytes <= memoryBytes) return [];
  return [
    {
      code: 'PARAMETER_BUDGET',
      where,
      text: `weights and optimizer state take about ${gib(bytes)}, this machine has ${gib(memoryBytes)}`,
      fix: 'freeze more modules or make the model smaller',
    },
  ];
}

function gib(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(1)} GiB`;
}
