import { encodeNumber, type JsonNumber, type Metrics } from '../../contracts/json.ts';
import { chooseMetrics, type MetricSums, runningMetrics } from './create-metrics.ts';
import { loss as lossMetric } from './loss.ts';
import type { Task } from './metric.ts';
import { createRunningLoss, type HostLossTerms, type RunningLoss } from './running-loss.ts';

/** The heads of targets that a model has, and what their columns are called. */
export interface TargetLayout {
  readonly task: Task;
  /** In the order of the report. A model of plain features has one, `y`. */
  readonly heads: readonly { readonly name: string; readonly columns: readonly string[] }[];
  /** Whether the loss of each head is reported beside the sum: molecule models, as physicsml does. */
  readonly headLosses: boolean;
}

/** What one batch gave, on the host. */
export interface BatchResults {
  /** By head; `loss` is the total, which is the sum of the heads' where it is absent. */
  readonly losses: Readonly<Record<string, HostLossTerms>>;
  /** By head; empty when outputs are not needed. */
  readonly heads: Readonly<Record<string, HeadResults>>;
}

/** Outputs and targets of one head, row-major. `rows`: molecules, atoms or edges. */
export interface HeadResults {
  readonly rows: number;
  readonly outputs: Float32Array;
  readonly targets: Float32Array | Int32Array;
}

/** Metrics over a stream of batches, for all heads. */
export interface HeadMetrics {
  /** False when losses are enough, so that outputs can stay on the device. */
  readonly needsOutputs: boolean;
  /** Adds a batch. Order matters to the last bit: give batches in data order. */
  add(batch: BatchResults): void;
  /**
   * Values over everything so far. molflux's names for losses: `<prefix>/total/loss` and `<prefix>/total/<head>`; for metrics `<prefix>/mae`,
   * or `<prefix>/<head>/mae` when there are several heads. "NaN" without rows.
   */
  values(prefix: string): Metrics;
  /** Everything that has been added; `restore` goes on from there, bit for bit. */
  save(): Readonly<Record<string, MetricSums>>;
  restore(sums: Readonly<Record<string, MetricSums>>): void;
}

/**
 * Creates metrics for every head. Null names mean all that fit the task. `perColumn` adds `<prefix>/mae/<column>` where a head has several
 * columns; `where`: what names the metrics, a run file when absent. Throws CONFIG_INVALID as `createMetrics`.
 */
export function createHeadMetrics(
  layout: TargetLayout,
  names: readonly string[] | null,
  options: { readonly perColumn: boolean; readonly where?: string },
): HeadMetrics {
  const { task, heads } = layout;
  const chosen = chooseMetrics(names, task, options.where).filter((metric) => metric !== lossMetric);
  const losses = ['loss', ...(layout.headLosses ? heads.map(({ name }) => name) : [])].map((name) => ({ name, set: createRunningLoss() }));
  const lossValues = () => {
    const values = losses.map(({ name, set }) => ({ name, value: set.value() }));
    const summands = values.flatMap(({ name, value }) => (name === 'loss' || value === undefined ? [] : [value]));
    const sum = summands.length === 0 ? undefined : summands.reduce((total, value) => total + value);
    return values.map(({ name, value }) => ({ name, value: (name === 'loss' ? (value ?? sum) : value) ?? Number.NaN }));
  };
  const parts = chosen.length === 0 ? [] : heads.flatMap((head) => partsOf(head, { several: heads.length > 1, ...options, task }));
  const running = parts.map((part) => ({ ...part, set: runningMetrics(chosen, task) }));
  const sets = new Map<string, Pick<RunningLoss, 'save' | 'restore'>>([
    ...losses.map(({ name, set }) => [`total/${name}`, set] as const),
    ...running.map(({ key, set }) => [key, set] as const),
  ]);
  return {
    needsOutputs: running.length > 0,
    add(batch) {
      for (const { name, set } of losses) {
        const terms = batch.losses[name];
        if (terms !== undefined) set.add(terms);
      }
      for (const { head, column, set } of running) {
        const results = batch.heads[head];
        if (results !== undefined) set.add({ loss: 0, ...(column === null ? results : columnOf(results, column)) });
      }
    },
    values(prefix) {
      const values: Record<string, JsonNumber> = {};
      for (const { name, value } of lossValues()) values[`${prefix}/total/${name}`] = encodeNumber(value);
      for (const { key, set } of running) {
        const [before = '', after = ''] = key.split('*');
        const ofHead = set.values('');
        for (const name in ofHead) values[`${prefix}${before}${name}${after}`] = ofHead[name] as JsonNumber;
      }
      return values;
    },
    save: () => Object.fromEntries([...sets].map(([key, set]) => [key, set.save()])),
    restore(saved) {
      for (const [key, set] of sets) set.restore(saved[key] ?? {});
    },
  };
}

/** What is judged of a head: all columns together, then each for itself. `key` has a star where the metric's name goes. */
function partsOf(
  { name, columns }: TargetLayout['heads'][number],
  { several, perColumn, task }: { readonly several: boolean; readonly perColumn: boolean; readonly task: Task },
): readonly { readonly head: string; readonly column: number | null; readonly key: string }[] {
  const before = several ? `/${name}` : '';
  const single = perColumn && task === 'regression' && columns.length > 1 ? columns : [];
  return [
    { head: name, column: null, key: `${before}*` },
    ...single.map((column, index) => ({ head: name, column: index, key: `${before}*/${column}` })),
  ];
}

function columnOf({ rows, outputs, targets }: HeadResults, column: number): HeadResults {
  const width = outputs.length / rows;
  const pick = (values: Float32Array | Int32Array) =>
    Float32Array.from({ length: rows }, (_, row) => values[row * width + column] ?? Number.NaN);
  return { rows, outputs: pick(outputs), targets: pick(targets) };
}
