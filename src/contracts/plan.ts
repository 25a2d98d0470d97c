import type { GraphColumns, InputFacts, NeighbourPlan } from './graphs.ts';
import type { JsonObject } from './json.ts';
import type { CarriedOptimizerPlan, OptimizerPlan, SchedulerPlan } from './optimizer-plan.ts';
import type { ModuleTree } from './tensors.ts';
import type { TrainerPlan } from './trainer-plan.ts';

export type {
  CarriedOptimizerPlan,
  OptimizerPlan,
  ParameterGroupPlan,
  SchedulerPlan,
  WarmupPlan,
} from './optimizer-plan.ts';
export type { BackendName, EarlyStoppingPlan, MonitorPlan, TrainerPlan, WeightAveragingPlan } from './trainer-plan.ts';

/** Everything a run does, resolved and complete. Built by `src/plan`, stored as an artifact, read by activities and the trainer. */
export interface Plan {
  readonly format: 1;
  readonly name: string;
  /** 0 .. 2^32 - 1. */
  readonly seed: number;
  readonly model: ModelPlan;
  readonly initial: InitialPlan;
  readonly data: DataPlan;
  readonly stages: readonly StagePlan[];
  /** The same budget from fresh weights, run after the last stage; null when not asked for. */
  readonly baseline: StagePlan | null;
  readonly evaluation: { readonly metrics: readonly string[] };
  readonly output: OutputPlan;
  /** Digest of the configuration as written, the data and the pre-trained weights: equal digests mean the same run. */
  readonly runDigest: string;
  /** Sentences for a person, such as early stopping together with carry_weights: last. */
  readonly warnings: readonly string[];
}

/** Where the fine-tuned model goes. `path` is absolute. */
export interface OutputPlan {
  readonly path: string;
}

/** The new model. `config` has every default filled in, and `classes` for a classifier. */
export interface ModelPlan {
  readonly name: string;
  readonly definitionVersion: string;
  readonly task: 'regression' | 'classification';
  readonly config: JsonObject;
  /** Widths of input and output, as `describe` and `forward` see them. */
  readonly facts: InputFacts;
  readonly xFeatures: readonly string[];
  readonly yFeatures: readonly string[];
  /** Sorted class labels of a classifier; index = class. Null for a regressor. */
  readonly classes: readonly (string | number)[] | null;
  readonly tree: ModuleTree;
}

/** What stage 1 starts from. */
export type InitialPlan =
  | { readonly kind: 'fresh' }
  | {
      readonly kind: 'pre_trained';
      readonly source: PreTrainedSource;
      readonly modulesToMatch: ModulesToMatch | null;
      readonly match: MatchReport;
      /** featurisation_metadata.json of the pre-trained model, when the new model reads no other columns. Absent: none. */
      readonly featurisation?: JsonObject;
    };

/** A saved model (`path` = its directory or .safetensors file), or a run file that makes one (`path` = that file, `outputPath` = where it puts it). */
export type PreTrainedSource =
  | { readonly kind: 'model'; readonly path: string; readonly weightsSha256: string }
  | {
      readonly kind: 'run_file';
      readonly path: string;
      readonly outputPath: string;
      readonly runName: string;
      readonly runDigest: string;
    };

/** Module in the pre-trained model -> module(s) in the new model. */
export type ModulesToMatch = Readonly<Record<string, string | readonly string[]>>;

/** What matching decided, complete both ways. */
export interface MatchReport {
  readonly matched: readonly TensorMatch[];
  /** Paths of the new model that keep their fresh values. */
  readonly missing: readonly string[];
  /** Paths of the pre-trained model that nothing uses. */
  readonly unexpected: readonly string[];
  readonly counts: {
    readonly matchedTensors: number;
    readonly matchedParameters: number;
    readonly matchedBytes: number;
    readonly freshParameters: number;
    readonly freshBytes: number;
    readonly unusedParameters: number;
    readonly unusedBytes: number;
  };
  /** Matched tensors of the pre-trained file that change their element type when read: `egnn.weight: BF16 -> float32`. */
  readonly conversions?: readonly string[];
  /** Module level summary for people: one row per pair, fresh or unused module. */
  readonly modules: readonly ModuleMatchRow[];
}

/** One tensor that is copied: `from` in the pre-trained model, `to` in the new one. */
export interface TensorMatch {
  readonly from: string;
  readonly to: string;
}

/** A row of the match table. `parameters` counts scalars. */
export interface ModuleMatchRow {
  readonly status: 'matched' | 'fresh' | 'unused';
  readonly from: string | null;
  readonly to: string | null;
  readonly parameters: number;
  readonly bytes: number;
}

/** The data of a run. */
export interface DataPlan {
  readonly request: DataRequest;
  readonly facts: DataFacts;
}

/** What `src/data` has to materialise. All paths absolute. */
export interface DataRequest {
  /** Either one source that is split, or one source per split. */
  readonly sources:
    | { readonly kind: 'split'; readonly source: DataSourceSpec; readonly split: SplitSpec }
    | {
        readonly kind: 'separate';
        readonly train: DataSourceSpec;
        readonly validation: DataSourceSpec | null;
        readonly test: DataSourceSpec | null;
      };
  /** Column with a stable id per row, or null: the row number. */
  readonly rowId: string | null;
  readonly x: readonly string[];
  readonly y: readonly string[];
  readonly task: 'regression' | 'classification';
  /** Given class labels (model.config.classes), or null: the sorted labels of the training split. */
  readonly classes: readonly (string | number)[] | null;
  /** Molecules: which columns hold what; `x` is then empty. */
  readonly graph?: GraphColumns;
  /** Molecules: the base's neighbours, for counting edges; no byte of the result depends on it. */
  readonly neighbours?: NeighbourPlan;
  /** How columns that are not there are made from others: the representations of featurisation_metadata.json. */
  readonly featurisation?: JsonObject;
}

/**
 * Files by path or glob (parquet, CSV, JSONL by extension), or a DuckDB query over named files. `where` is how messages name the files;
 * absent: by the key of the run file, such as data.train.
 */
export type DataSourceSpec =
  | { readonly kind: 'files'; readonly path: string; readonly where?: string }
  | { readonly kind: 'sql'; readonly sql: string; readonly files: Readonly<Record<string, string>>; readonly rowId: string | null };

/** Assigns each row by hash(row id, splitSeed), independent of the run's seed. Fractions sum to at most 1. */
export interface SplitSpec {
  readonly name: 'shuffle_split';
  readonly trainFraction: number;
  readonly validationFraction: number;
  readonly testFraction: number;
  readonly splitSeed: number;
}

/** Name of a split. */
export type SplitName = 'train' | 'validation' | 'test';

/** What a scan of the data found. The digests cover the materialised encoding of the columns in use. */
export interface DataFacts {
  readonly splits: Readonly<Partial<Record<SplitName, SplitFacts>>>;
  /** Values per row of each x column: 1 for a scalar, n for a list of n. */
  readonly xWidths: Readonly<Record<string, number>>;
  readonly classes: readonly (string | number)[] | null;
  /** Molecules: widths of the per-atom, per-bond and per-molecule features, and the largest atom class met. */
  readonly graph?: GraphDataFacts;
  /** Sentences for a person, such as whole numbers that float32 rounds. Absent: none. */
  readonly warnings?: readonly string[];
}

/** What a scan of molecules found. */
export interface GraphDataFacts {
  readonly nodeAttrWidth: number;
  readonly edgeAttrWidth: number;
  readonly graphAttrWidth: number;
  readonly largestAtomNumber: number;
  /** Atoms of the largest molecule. */
  readonly largestMolecule: number;
  /** Atoms per split. Absent: not counted. */
  readonly nodes?: Readonly<Partial<Record<SplitName, number>>>;
  /** Directed edges within the base's cut_off, per split. */
  readonly edges: Readonly<Partial<Record<SplitName, number>>>;
  /** Edges of the molecule that has most; counting stops at the limit of a batch. */
  readonly mostEdges: number;
}

/** One split. `digest` is the SHA-256 of its materialised blob. */
export interface SplitFacts {
  readonly rows: number;
  readonly digest: string;
  readonly byteLength: number;
}

/** One stage, resolved: nothing is inherited any more. */
export interface StagePlan {
  readonly index: number;
  readonly name: string;
  readonly kind: 'stage' | 'baseline';
  /** As written, for people; the mask below is what counts. */
  readonly freezeModules: readonly string[];
  readonly mask: TrainableMask;
  readonly trainer: TrainerPlan;
  readonly datamodule: DataModulePlan;
  readonly optimizer: OptimizerPlan;
  readonly scheduler: SchedulerPlan | null;
  readonly carryWeights: 'last' | 'best' | 'ema';
  /** What the next stage's optimizer starts from: nothing (reset), or this stage's last slots and step counts. */
  readonly carryOptimizer: 'reset' | 'matching';
  /** What this stage takes over from the optimizer of the stage before. Absent: nothing, every slot starts fresh. */
  readonly optimizerFrom?: CarriedOptimizerPlan;
  readonly batchesPerEpoch: number;
  readonly stepsPerEpoch: number;
  /** Optimizer steps if nothing stops earlier. */
  readonly totalSteps: number;
  /** Dotted key -> where its value came from. */
  readonly origins: Readonly<Record<string, 'default' | 'model' | 'base' | 'stage'>>;
  /** The frozen leading part of the model whose outputs are computed once per stage. Absent: every step computes everything. */
  readonly prefixCache?: PrefixCachePlan;
  /** Keys of the base that a changed name dropped. */
  readonly dropped: readonly string[];
}

/** A frozen prefix: the modules it is made of, and the bytes that its outputs take on the host. */
export interface PrefixCachePlan {
  readonly modules: readonly string[];
  readonly byteLength: number;
  /** False: too much to keep, so that every step computes everything after all. */
  readonly fits: boolean;
}

/** Freezing is data. Paths are sorted; together they are every parameter of the model; buffers follow their module. */
export interface TrainableMask {
  readonly trainable: readonly string[];
  readonly frozen: readonly string[];
  /** Module names whose whole subtree is frozen: they run in eval mode when frozenModulesMode is eval. Sorted. */
  readonly frozenModules: readonly string[];
  readonly trainableParameters: number;
  readonly frozenParameters: number;
}

/** Resolved datamodule section. */
export interface DataModulePlan {
  readonly train: { readonly batchSize: number; readonly dropLast: boolean; readonly shuffle: boolean };
  readonly validation: { readonly batchSize: number; readonly dropLast: boolean };
  readonly test: { readonly batchSize: number };
  readonly predict: { readonly batchSize: number };
  /** How molecules become graphs; null for models of plain features. */
  readonly neighbours: NeighbourPlan | null;
  /** Null: derived from the run's seed and the stage index. */
  readonly shuffleSeed: number | null;
}
