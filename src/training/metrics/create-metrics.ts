import { decodeNumber, encodeNumber, type JsonNumber, type Metrics } from '../../contracts/json.ts';
import { didYouMean } from '../../contracts/nearest.ts';
import { composeMessage, type Problem, RootstockError } from '../../errors.ts';
import { accuracy } from './accuracy.ts';
import { loss } from './loss.ts';
import { mae } from './mae.ts';
import type { Metric, MetricBatch, Task } from './metric.ts';
import { r2 } from './r2.ts';
import { rmse } from './rmse.ts';

/** Every metric, one file each. */
const METRICS: readonly Metric[] = [loss, accuracy, mae, rmse, r2];

/** The running sums of a set of metrics by name: JSON, part of a snapshot in the middle of an epoch. */
export type MetricSums = Readonly<Record<string, readonly JsonNumber[]>>;

/** Metrics over a stream of batches. */
export interface MetricSet {
  readonly names: readonly string[];
  /** False when `add` reads only `rows` and `loss`, so that outputs can stay on the device. */
  readonly needsOutputs: boolean;
  /** Adds a batch. Order matters to the last bit: give batches in data order. */
  add(batch: MetricBatch): void;
  /** Values over all rows so far, named `<prefix>/total/loss`, `<prefix>/mae`, ...; "NaN" without rows. */
  values(prefix: string): Metrics;
  /** Everything that has been added; `restore` in another set of the same names goes on from there, bit for bit. */
  save(): MetricSums;
  restore(sums: MetricSums): void;
}

/** Names of all metrics that fit a task, in the order of the report. */
export function metricNames(task: Task): readonly string[] {
  return METRICS.filter(({ tasks }) => tasks.includes(task)).map(({ name }) => name);
}

/** The full name of a metric: `val` and `mae` give `val/mae`; the loss is `val/total/loss` (molflux's names). */
export function metricKey(prefix: string, name: string): string {
  return name === 'loss' ? `${prefix}/total/loss` : `${prefix}/${name}`;
}

/**
 * Creates running metrics of one head of targets. Null names mean all that fit the task; the loss is always among them, and first.
 * Throws CONFIG_INVALID that lists every unknown or unfitting name and the names there are.
 */
export function createMetrics(names: readonly string[] | null, task: Task): MetricSet {
  return runningMetrics(chooseMetrics(names, task), task);
}

/** Creates running sums of the metrics given, in their order. */
export function runningMetrics(chosen: readonly Metric[], task: Task): MetricSet {
  const sums = new Map(chosen.map(({ name }) => [name, [] as number[]]));
  const sumsOf = (name: string): number[] => sums.get(name) ?? [];
  const needsOutputs = chosen.some((metric) => metric.needsOutputs);
  return {
    names: chosen.map(({ name }) => name),
    needsOutputs,
    add(batch) {
      if (batch.rows === 0) return;
      if (needsOutputs) checkLengths(batch, task);
      for (const metric of chosen) metric.add(sumsOf(metric.name), batch);
    },
    values: (prefix) =>
      Object.fromEntries(chosen.map((metric) => [metricKey(prefix, metric.name), encodeNumber(metric.value(sumsOf(metric.name)))])),
    save: () => Object.fromEntries(chosen.map(({ name }) => [name, sumsOf(name).map(encodeNumber)])),
    restore(saved) {
      for (const { name } of chosen) sums.set(name, (saved[name] ?? []).map(decodeNumber));
    },
  };
}

/**
 * Finds metrics by name, the loss first; null: all that fit the task. `where`: what names them, for messages. Throws as `createMetrics`.
 */
export function chooseMetrics(wanted: readonly string[] | null, task: Task, where = 'evaluation.metrics'): readonly Metric[] {
  const fitting = metricNames(task);
  const names = wanted ?? fitting;
  const problems: Problem[] = names
    .filter((name) => !fitting.includes(name))
    .map((name) => {
      const known = METRICS.find((metric) => metric.name === name);
      return {
        where,
        text:
          known === undefined
            ? `"${name}" is not a metric${didYouMean(name, fitting)}`
            : `"${name}" is a metric of ${known.tasks.join(', ')}, the model's task is ${task}`,
      };
    });
  if (problems.length > 0) {
    const message = composeMessage(
      `${problems.length} of ${names.length} metrics cannot be computed.`,
      problems,
      `use ${fitting.join(', ')}.`,
    );
    throw new RootstockError('CONFIG_INVALID', message, { task, received: names, available: fitting });
  }
  return METRICS.filter(({ name }) => name === 'loss' || names.includes(name));
}

function checkLengths({ rows, outputs, targets }: MetricBatch, task: Task): void {
  const fits = outputs.length % rows === 0 && targets.length === (task === 'classification' ? rows : outputs.length);
  if (!fits) throw new Error(`metrics: ${rows} rows do not fit ${outputs.length} outputs and ${targets.length} targets of a ${task}`);
}
