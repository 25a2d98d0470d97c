import { type Metric, sumAt } from './metric.ts';

/**
 * Coefficient of determination of each target, averaged over targets (scikit-learn's r2_score, uniform_average): 1 - residual / total
 * sum of squares; for a constant target 1 when all outputs are exact and 0 otherwise; NaN below two rows. At most 1. Missing targets are
 * left out, and so is a column with fewer than two.
 * sums: for target 0, 1, ... [values, mean, total and residual sum of squares]. The mean runs along (Welford 1962), so large
 * offsets (total energies) lose no digits.
 */
export const r2: Metric = {
  name: 'r2',
  tasks: ['regression'],
  needsOutputs: true,
  add(sums, { rows, outputs, targets }) {
    const width = outputs.length / rows;
    for (let i = 0; i < outputs.length; i++) {
      const at = 4 * (i % width);
      const target = targets[i] as number;
      if (Number.isNaN(target)) {
        for (let sum = at; sum < at + 4; sum++) sums[sum] = sumAt(sums, sum);
        continue;
      }
      const error = (outputs[i] as number) - target;
      const count = sumAt(sums, at) + 1;
      const before = sumAt(sums, at + 1);
      const mean = before + (target - before) / count;
      sums[at] = count;
      sums[at + 1] = mean;
      sums[at + 2] = sumAt(sums, at + 2) + (target - before) * (target - mean);
      sums[at + 3] = sumAt(sums, at + 3) + error * error;
    }
  },
  value(sums) {
    const scores = Array.from({ length: sums.length / 4 }, (_, column) => 4 * column)
      .filter((at) => sumAt(sums, at) >= 2)
      .map((at) => scoreOf(sumAt(sums, at + 2), sumAt(sums, at + 3)));
    return scores.reduce((total, score) => total + score, 0) / scores.length;
  },
};

function scoreOf(totalSquares: number, residualSquares: number): number {
  if (totalSquares === 0) return residualSquares === 0 ? 1 : 0;
  return 1 - residualSquares / totalSquares;
}
