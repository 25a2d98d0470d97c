import type { JsonObject } from '../contracts/json.ts';
import type { DataFacts, SplitName, TrainerPlan } from '../contracts/plan.ts';
import { plural } from '../contracts/plural.ts';
import type { PlanProblem } from './problems.ts';
import { datamodulePlan } from './stage-values.ts';
import { countBatches, limitedBatches } from './steps.ts';

/** Batch limits as counts, and whether a stage validates at all. */
export interface BatchLimits {
  readonly limits: Pick<TrainerPlan, 'limitTrainBatches' | 'limitValBatches' | 'limitTestBatches'>;
  readonly validates: boolean;
  readonly problems: readonly PlanProblem[];
}

/**
 * Turns limits into counts of batches and checks that every split that is used has at least one: NO_BATCHES when drop_last or a fraction
 * leaves none. A limit of 0 switches validation or test off. `where` is the dotted place of the stage, for messages.
 */
export function checkBatches(
  sections: { readonly trainer: JsonObject; readonly datamodule: JsonObject },
  splits: DataFacts['splits'],
  where: string,
): BatchLimits {
  const datamodule = datamodulePlan(sections.datamodule);
  const check = (name: SplitName, limitKey: string, pass: { readonly batchSize: number; readonly dropLast: boolean }): Checked => {
    const limit = sections.trainer[limitKey] as number | null;
    const rows = splits[name]?.rows ?? (name === 'train' ? 0 : undefined);
    if (rows === undefined) return { limit: null, problem: null };
    if (limit === 0) return { limit, problem: null };
    const batches = countBatches({ rows, ...pass });
    const left = limitedBatches(batches, limit);
    if (left > 0) return { limit: limit === null ? null : left, problem: null };
    const key = sections.trainer['overfit_batches'] !== 0 && limitKey !== 'limit_test_batches' ? 'overfit_batches' : limitKey;
    const text =
      batches === 0 ? tooFewRows(name, rows, pass) : `${key} ${limit} of ${batches} ${plural(batches, 'batch', 'batches')} is none`;
    const fix = batches === 0 ? fewRowsFix(name, rows, pass) : `raise ${key}`;
    return {
      limit,
      problem: { code: 'NO_BATCHES', where: `${where}.${batches === 0 ? `datamodule.${name}` : `trainer.${key}`}`, text, fix },
    };
  };
  const train = check('train', 'limit_train_batches', datamodule.train);
  const validation = check('validation', 'limit_val_batches', datamodule.validation);
  const test = check('test', 'limit_test_batches', { ...datamodule.test, dropLast: false });
  return {
    limits: { limitTrainBatches: train.limit, limitValBatches: validation.limit, limitTestBatches: test.limit },
    validates: splits.validation !== undefined && validation.limit !== 0,
    problems: [train, validation, test].flatMap(({ problem }) => (problem === null ? [] : [problem])),
  };
}

interface Checked {
  readonly limit: number | null;
  readonly problem: PlanProblem | null;
}

interface Pass {
  readonly batchSize: number;
  readonly dropLast: boolean;
}

function tooFewRows(name: SplitName, rows: number, { batchSize, dropLast }: Pass): string {
  return `${rows} ${name} ${plural(rows, 'row makes', 'rows make')} no batch of batch_size ${batchSize}${dropLast ? ' with drop_last: true' : ''}`;
}

function fewRowsFix(name: SplitName, rows: number, { dropLast }: Pass): string {
  return rows === 0 ? `give the ${name} split rows` : `set ${name}.batch_size to at most ${rows}${dropLast ? ', or drop_last: false' : ''}`;
}
