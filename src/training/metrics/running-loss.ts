import { decodeNumber, encodeNumber } from '../../contracts/json.ts';
import type { MetricSums } from './create-metrics.ts';

/** What one batch adds to a loss over many, on the host: see LossTerms of ops. */
export interface HostLossTerms {
  readonly combine: 'sum' | 'product';
  readonly means: readonly { readonly sum: number; readonly count: number | null }[];
}

/** The loss of all batches so far as if they were one. */
export interface RunningLoss {
  /** Adds a batch. Order matters to the last bit. */
  add(terms: HostLossTerms): void;
  /** The loss; 0 for a mean of no terms (no edges, no target that is there); undefined before the first batch. NaN stays NaN. */
  value(): number | undefined;
  save(): MetricSums;
  restore(sums: MetricSums): void;
}

/** Creates a running loss: sums and counts in float64, divided at the end, so that it does not depend on how rows were put into batches. */
export function createRunningLoss(): RunningLoss {
  let combine: HostLossTerms['combine'] = 'sum';
  let means: readonly { readonly sum: number; readonly count: number }[] = [];
  return {
    add(terms) {
      combine = terms.combine;
      means = terms.means.map(({ sum, count }, index) => {
        const before = means[index] ?? { sum: 0, count: 0 };
        return { sum: before.sum + sum, count: count === null ? 1 : before.count + count };
      });
    },
    value() {
      if (means.length === 0) return undefined;
      const values = means.map(({ sum, count }) => (count === 0 ? 0 : sum / count));
      return values.reduce((left, right) => (combine === 'sum' ? left + right : left * right));
    },
    save: () => ({ [combine]: means.flatMap(({ sum, count }) => [encodeNumber(sum), encodeNumber(count)]) }),
    restore(saved) {
      combine = saved['product'] === undefined ? 'sum' : 'product';
      const numbers = (saved[combine] ?? []).map(decodeNumber);
      means = Array.from({ length: numbers.length / 2 }, (_, index) => ({
        sum: numbers[2 * index] ?? 0,
        count: numbers[2 * index + 1] ?? 0,
      }));
    },
  };
}
