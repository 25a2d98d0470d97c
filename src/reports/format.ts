import { decodeNumber, type JsonNumber, type Metrics } from '../contracts/json.ts';
import { plural } from '../contracts/plural.ts';

/** A number with four significant digits, as people read metrics. */
export function formatNumber(value: JsonNumber): string {
  const number = decodeNumber(value);
  if (!Number.isFinite(number)) return String(value);
  if (number !== 0 && (Math.abs(number) < 1e-4 || Math.abs(number) >= 1e7)) return number.toExponential(3);
  return String(Number(number.toPrecision(4)));
}

/** Metrics without the loss of a model's only head where it is the total loss again: `test/total/loss` stays, `test/total/y_graph_scalars` goes. */
export function distinctMetrics(metrics: Metrics): Metrics {
  const entries = Object.entries(metrics);
  return Object.fromEntries(
    entries.filter(([name, value]) => {
      const start = /^(.*total\/)(?!loss(?:$|_))[^/]+$/u.exec(name)?.[1];
      const alike = entries.filter(([other]) => start !== undefined && other.startsWith(start));
      return alike.length !== 2 || metrics[`${start}loss`] !== value;
    }),
  );
}

/** `name value  name value`; `names` leaves out all others. */
export function formatMetrics(metrics: Metrics, names?: readonly string[]): string {
  return Object.entries(distinctMetrics(metrics))
    .filter(([name]) => names === undefined || names.includes(name))
    .map(([name, value]) => `${name} ${formatNumber(value)}`)
    .join('  ');
}

/** 1234567 -> "1,234,567". */
export function formatCount(count: number): string {
  return count.toLocaleString('en-US');
}

/** 1 and "row" -> "1 row"; 1234 and "row" -> "1,234 rows". */
export function formatNamed(count: number, one: string): string {
  return `${formatCount(count)} ${plural(count, one)}`;
}

/** Bytes in binary units. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}

/** A bar of `width` cells for a fraction 0..1. */
export function formatBar(fraction: number, width: number): string {
  const full = Math.round(Math.min(1, Math.max(0, fraction)) * width);
  return '█'.repeat(full) + '░'.repeat(width - full);
}
