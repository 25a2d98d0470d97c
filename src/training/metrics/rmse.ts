import { type Metric, sumAt } from './metric.ts';

/**
 * Root of the mean squared error of each target, averaged over targets, in the target's unit (scikit-learn's
 * root_mean_squared_error, uniform_average). sums: [rows, sum of squared errors of target 0, 1, ...].
 */
export const rmse: Metric = {
  name: 'rmse',
  tasks: ['regression'],
  needsOutputs: true,
  add(sums, { rows, outputs, targets }) {
    const width = outputs.length / rows;
    sums[0] = sumAt(sums, 0) + rows;
    for (let i = 0; i < outputs.length; i++) {
      const error = (outputs[i] as number) - (targets[i] as number);
      sums[1 + (i % width)] = sumAt(sums, 1 + (i % width)) + error * error;
    }
  },
  value([rows = 0, ...squares]) {
    return squares.reduce((total, square) => total + Math.sqrt(square / rows), 0) / squares.length;
  },
};
