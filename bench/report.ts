import type { AbsoluteUnit, Benchmark, Measurement, Unit } from './benchmark.ts';
import type { Conditions } from './conditions.ts';
import { type Estimate, estimateMedian, judge, median, type Verdict } from './statistics.ts';

/** One line of the table. */
export interface Row {
  readonly id: string;
  readonly title: string;
  readonly label: string;
  readonly measures: string;
  readonly against: string;
  readonly unit: Unit;
  readonly absoluteUnit: AbsoluteUnit;
  readonly figure: Estimate;
  /** Medians of the absolute numbers. */
  readonly ours: number;
  readonly baseline: number | null;
  readonly target: number;
  readonly stretch: number;
  readonly verdict: Verdict;
  /** Counted samples, and all of them with the dropped first one in front. */
  readonly count: number;
  readonly samples: Measurement['samples'];
  /** Load averages before and after. */
  readonly load: { readonly before: readonly number[]; readonly after: readonly number[] };
  readonly notes: readonly string[];
}

/** Everything that `--json` writes. */
export interface Report {
  readonly format: 1;
  readonly conditions: Conditions;
  /** False: too few samples to judge by. */
  readonly gated: boolean;
  readonly rows: readonly Row[];
}

/** Sums up the samples of one figure; the first is dropped. */
export function toRow(benchmark: Benchmark, measurement: Measurement, at: { readonly seed: number; readonly load: Row['load'] }): Row {
  const { id, title, measures, against, unit, absoluteUnit, target, stretch } = benchmark;
  const counted = measurement.samples.slice(1);
  const figure = estimateMedian(
    counted.map(({ value }) => value),
    at.seed,
  );
  const baselines = counted.flatMap(({ baseline }) => (baseline === null ? [] : [baseline]));
  return {
    id,
    title,
    label: measurement.label,
    measures,
    against,
    unit,
    absoluteUnit: measurement.absoluteUnit ?? absoluteUnit,
    figure,
    ours: median(counted.map(({ ours }) => ours)),
    baseline: baselines.length === 0 ? null : median(baselines),
    target,
    stretch,
    verdict: judge(figure, target),
    count: counted.length,
    samples: measurement.samples,
    load: at.load,
    notes: measurement.notes,
  };
}

/** Renders the report as Markdown: conditions, the table, and what each figure means. */
export function renderReport({ conditions, gated, rows }: Report): string {
  const { cpu, cores, memoryGiB, system, versions, commit, seed, startedAt } = conditions;
  const lines = rows.map((row) =>
    [
      row.id,
      row.title + (row.label === '' ? '' : `, ${row.label}`),
      `**${formatFigure(row.figure.median, row.unit)}** (${formatFigure(row.figure.low, row.unit)} .. ${formatFigure(row.figure.high, row.unit)})`,
      formatAbsolute(row.ours, row.absoluteUnit),
      row.baseline === null ? '-' : formatAbsolute(row.baseline, row.absoluteUnit),
      formatFigure(row.target, row.unit),
      formatFigure(row.stretch, row.unit),
      gated ? row.verdict : `${row.verdict} (no gate)`,
      String(row.count),
      `${row.load.before[0]} -> ${row.load.after[0]}`,
    ].join(' | '),
  );
  return [
    `${startedAt.slice(0, 10)}, commit ${commit}, seed ${seed}. ${cpu}, ${cores} cores, ${memoryGiB} GiB, ${system}.`,
    Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(', '),
    '',
    '| id | what | figure (95 % interval) | ours | baseline | target | stretch | verdict | samples | load average |',
    '|---|---|---|---|---|---|---|---|---|---|',
    ...lines.map((line) => `| ${line} |`),
    '',
    ...rows.flatMap((row, index) => [
      ...(rows[index - 1]?.id === row.id ? [] : [`- ${row.id}: ${row.measures}; against ${row.against}.`]),
      ...row.notes.map((note) => `  - ${row.label === '' ? '' : `${row.label}: `}${note}`),
    ]),
  ].join('\n');
}

function formatFigure(value: number, unit: Unit): string {
  if (unit === 'percent') return `${(value * 100).toFixed(value < 0.01 ? 2 : 1)} %`;
  return unit === 'seconds' ? `${value.toFixed(2)} s` : value.toFixed(3);
}

function formatAbsolute(value: number, unit: AbsoluteUnit): string {
  return `${value.toFixed(value < 10 ? 3 : 1)} ${unit}`;
}
