import { type Metric, sumAt } from './metric.ts';

/**
 * Coefficient of determination of each target, averaged over targets (scikit-learn's r2_score, uniform_average): 1 - residual / total
 * sum of squares; for a constant target 1 when all outputs are exact and 0 otherwise; NaN below two rows. At most 1.
 * sums: [rows, then mean, total and residual sum of squares of target 0, 1, ...]. The mean runs along (Welford 1962), so large
 * offsets (total energies) lose no digits.
 */
export const r2: Metric = {
  name: 'r2',
  tasks: ['regression'],
  needsOutputs: true,
  add(sums, { rows, outputs, targets }) {
    const width = outputs.length / rows;
    for (let row = 0; row < rows; row++) {
      const count = sumAt(sums, 0) + 1;
      sums[0] = count;
      for (let column = 0; column < width; column++) {
        const target = targets[row * width + column] as number;
        const error = (outputs[row * width + column] as number) - target;
        const at = 1 + 3 * column;
        const before = sumAt(sums, at);
        const mean = before + (target - before) / count;
        sums[at] = mean;
        sums[at + 1] = sumAt(sums, at + 1) + (target - before) * (target - mean);
        sums[at + 2] = sumAt(sums, at + 2) + error * error;
      }
    }
  },
  value(sums) {
    const width = (sums.length - 1) / 3;
    if (sumAt(sums, 0) < 2) return Number.NaN;
    let total = 0;
    for (let column = 0; column < width; column++) total += scoreOf(sumAt(sums, 2 + 3 * column), sumAt(sums, 3 + 3 * column));
    return total / width;
  },
};

function scoreOf(totalSquares: number, residualSquares: number): number {
  if (totalSquares === 0) return residualSquares === 0 ? 1 : 0;
  return 1 - residualSquares / totalSquares;
}
