import { type Metric, sumAt } from './metric.ts';

/**
 * Root of the mean squared error of each target, averaged over targets, in the target's unit (scikit-learn's
 * root_mean_squared_error, uniform_average). Missing targets are left out, and so is a column without any. sums: for target
 * 0, 1, ... [values, sum of squared errors].
 */
export const rmse: Metric = {
  name: 'rmse',
  tasks: ['regression'],
  needsOutputs: true,
  add(sums, { rows, outputs, targets }) {
    const width = outputs.length / rows;
    for (let i = 0; i < outputs.length; i++) {
      const target = targets[i] as number;
      const at = 2 * (i % width);
      const there = Number.isNaN(target) ? 0 : 1;
      const error = there === 0 ? 0 : (outputs[i] as number) - target;
      sums[at] = sumAt(sums, at) + there;
      sums[at + 1] = sumAt(sums, at + 1) + error * error;
    }
  },
  value(sums) {
    const columns = Array.from({ length: sums.length / 2 }, (_, column) => [sumAt(sums, 2 * column), sumAt(sums, 2 * column + 1)] as const);
    const there = columns.filter(([count]) => count > 0);
    return there.reduce((total, [count, square]) => total + Math.sqrt(square / count), 0) / there.length;
  },
};
