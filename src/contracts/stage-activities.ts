import type { JsonObject, Metrics } from './json.ts';
import type { SplitName } from './plan.ts';
import type { Ref } from './refs.ts';

/** What a stage is, in one place: implemented by `activities/`, proxied by `workflows/`, called directly in tests. */
export interface StageActivities {
  plan(input: PlanInput): Promise<PlanSummary>;
  load(input: LoadInput): Promise<LoadResult>;
  match(input: MatchInput): Promise<MatchResult>;
  freeze(input: FreezeInput): Promise<FreezeResult>;
  train(input: TrainInput): Promise<TrainResult>;
  checkpoint(input: CheckpointInput): Promise<StageResult>;
  publish(input: PublishInput): Promise<PublishResult>;
}

/** A run file's content in a form that can travel: the validated configuration as written, and what its relative paths are relative to. */
export interface RunDocument {
  readonly config: JsonObject;
  /** Absolute directory. */
  readonly baseDir: string;
  /** Where the configuration came from, for messages: a file path or "defineRun". */
  readonly source: string;
}

export interface PlanInput {
  readonly run: RunDocument;
  /** The digest the client's own planning reached; another one here is PLAN_DRIFT. */
  readonly expectedPlanDigest: string | null;
}

export interface PlanSummary {
  readonly plan: Ref;
  readonly planDigest: string;
  readonly runDigest: string;
  readonly name: string;
  readonly modelName: string;
  readonly stages: readonly StageSummary[];
  readonly baseline: StageSummary | null;
  /** The run that makes the pre-trained model, when its output is not there (or is of another digest). */
  readonly child: ChildRun | null;
  readonly warnings: readonly string[];
}

export interface ChildRun {
  readonly name: string;
  readonly runDigest: string;
  readonly run: RunDocument;
  /** Why it has to run, in words. */
  readonly reason: string;
}

export interface StageSummary {
  /** Position in Plan.stages; the baseline has Plan.stages.length. */
  readonly index: number;
  readonly name: string;
  readonly maxEpochs: number;
  readonly totalSteps: number;
  readonly trainableParameters: number;
  readonly frozenParameters: number;
}

export interface LoadInput {
  readonly plan: Ref;
}

/** Materialised splits by name. */
export type DataRefs = Readonly<Partial<Record<SplitName, Ref>>>;

export interface LoadResult {
  /** Canonical safetensors of the pre-trained model; null for fresh weights. */
  readonly preTrained: Ref | null;
  readonly data: DataRefs;
}

export interface MatchInput {
  readonly plan: Ref;
  readonly preTrained: Ref | null;
}

export interface MatchResult {
  /** The initial weights of stage 1, canonical safetensors. */
  readonly weights: Ref;
  readonly report: Ref | null;
  readonly matchedParameters: number;
  readonly freshParameters: number;
}

/** Which stage of a plan: its index; the baseline has index Plan.stages.length. */
export interface StageInput {
  readonly plan: Ref;
  readonly stage: number;
  readonly data: DataRefs;
  /** Canonical safetensors the stage starts from. For the baseline: fresh weights by (seed, path), made by freeze when null. */
  readonly inputWeights: Ref;
  /** The optimizer state of the stage before, when that stage hands it on (carry_optimizer: matching). */
  readonly inputOptimizer?: Ref;
}

export type FreezeInput = Omit<StageInput, 'inputWeights'> & { readonly inputWeights: Ref | null };

export interface FreezeResult {
  readonly stageKey: string;
  readonly mask: Ref;
  /** Resolved: the given weights, or the fresh ones of a baseline. */
  readonly inputWeights: Ref;
  readonly trainableParameters: number;
  readonly frozenParameters: number;
  /** The finished result when this very stage has been done before. */
  readonly cached: StageResult | null;
  /** When nothing is cached although an earlier run finished a stage of this name: which keys differ, in words. */
  readonly missReason: string | null;
}

export interface TrainInput extends StageInput {
  readonly stageKey: string;
  readonly mask: Ref;
}

export interface TrainResult {
  /** The stage's last snapshot: number in its sequence, and digest of its state. */
  readonly snapshot: number;
  readonly stateDigest: string;
  readonly epochs: number;
  readonly steps: number;
  readonly metrics: Metrics;
  /** Why it ended: max_epochs, max_steps, max_time, early_stopping. */
  readonly stoppedBy: string;
}

export interface CheckpointInput extends TrainInput {
  readonly trained: TrainResult;
  readonly frozenParameters: number;
}

export interface StageResult {
  readonly index: number;
  readonly name: string;
  readonly stageKey: string;
  /** Weights the next stage starts from (last, best or ema, as carry_weights says). */
  readonly weights: Ref;
  readonly lastWeights: Ref;
  readonly bestWeights: Ref | null;
  /** Slots and step counts of the last step, when the next stage takes them over (carry_optimizer: matching). */
  readonly optimizerState?: Ref;
  /** Exponential moving average of the weights. Absent: none was kept. */
  readonly emaWeights?: Ref;
  /** Committed metrics ledger, CSV rows without header. */
  readonly ledger: Ref;
  readonly epochs: number;
  readonly steps: number;
  readonly metrics: Metrics;
  readonly cached: boolean;
  readonly frozenParameters: number;
  /** SHA-256 over all frozen tensors before and after training; equal, or the run parks. */
  readonly freezeReceipt: FreezeReceipt;
}

export interface FreezeReceipt {
  readonly before: string;
  readonly after: string;
}

export interface PublishInput {
  readonly plan: Ref;
  readonly data: DataRefs;
  readonly stages: readonly StageResult[];
  readonly baseline: StageResult | null;
  /** Why the baseline failed, when it did. */
  readonly baselineError: string | null;
  readonly preTrained: Ref | null;
  readonly matchReport: Ref | null;
  /** When the run started, ISO 8601. Absent: a workflow of an earlier version, which does not say. */
  readonly startedAt?: string;
}

export interface PublishResult {
  /** Absolute path of the output directory. */
  readonly output: string;
  readonly weightsSha256: string;
  readonly stages: readonly StageResult[];
  readonly test: Metrics;
  readonly baseline: BaselineResult | null;
}

export interface BaselineResult {
  readonly stageKey: string;
  readonly weightsSha256: string;
  readonly epochs: number;
  readonly steps: number;
  readonly test: Metrics;
}
