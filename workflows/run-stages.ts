import type { Ref } from '../src/contracts/refs.ts';
import type { DataRefs, PlanSummary, StageActivities, StageResult, StageSummary } from '../src/contracts/stage-activities.ts';

/** The three activities a stage is made of. */
export type StageSteps = Pick<StageActivities, 'freeze' | 'train' | 'checkpoint'>;

/** What happens inside a stage, for those who watch. */
export interface StageObserver {
  onStep(stage: StageSummary, step: 'freeze' | 'train' | 'checkpoint'): void;
  onMiss(stage: StageSummary, reason: string): void;
}

/** Also hears after each stage all results so far. */
export interface RunObserver extends StageObserver {
  onDone(results: readonly StageResult[]): Promise<void>;
}

/** Everything `runStages` needs to know about a run. */
export interface RunStagesInput {
  readonly summary: PlanSummary;
  readonly data: DataRefs;
  readonly initialWeights: Ref;
  /** Stages that are finished already; the run goes on after them. */
  readonly finished: readonly StageResult[];
}

/**
 * Runs the stages in order; each starts from the weights the one before ended with. Pure ordering: retries, parking
 * and cancellation belong to the caller, which hands in the activities.
 */
export async function runStages(input: RunStagesInput, steps: StageSteps, observer: RunObserver): Promise<readonly StageResult[]> {
  const results = [...input.finished];
  for (const stage of input.summary.stages.slice(results.length)) {
    const before = results.at(-1);
    const inputWeights = before?.weights ?? input.initialWeights;
    const inputOptimizer = before?.optimizerState;
    const result = await runStage({ plan: input.summary.plan, data: input.data, stage, inputWeights, inputOptimizer }, steps, observer);
    results.push(result);
    await observer.onDone([...results]);
  }
  return results;
}

/** One stage and what it starts from; null weights: fresh ones (the baseline). */
export interface RunStageInput {
  readonly plan: Ref;
  readonly data: DataRefs;
  readonly stage: StageSummary;
  readonly inputWeights: Ref | null;
  /** The optimizer state that the stage before hands on; absent: none. */
  readonly inputOptimizer?: Ref | undefined;
}

/** Runs freeze, train and checkpoint of one stage, or returns the cached result of an equal one. */
export async function runStage(input: RunStageInput, steps: StageSteps, observer: StageObserver): Promise<StageResult> {
  const { plan, data, stage } = input;
  observer.onStep(stage, 'freeze');
  const handedOn = input.inputOptimizer === undefined ? {} : { inputOptimizer: input.inputOptimizer };
  const frozen = await steps.freeze({ plan, stage: stage.index, data, inputWeights: input.inputWeights, ...handedOn });
  if (frozen.cached !== null) return frozen.cached;
  if (frozen.missReason !== null) observer.onMiss(stage, frozen.missReason);
  const { inputWeights, stageKey, mask } = frozen;
  const common = { plan, stage: stage.index, data, inputWeights, ...handedOn, stageKey, mask };
  observer.onStep(stage, 'train');
  const trained = await steps.train(common);
  observer.onStep(stage, 'checkpoint');
  return steps.checkpoint({ ...common, trained, frozenParameters: frozen.frozenParameters });
}
