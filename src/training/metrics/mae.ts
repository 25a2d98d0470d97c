import { type Metric, sumAt } from './metric.ts';

/** Mean of |output - target| over rows and targets that are there, in the target's unit. sums: [values, sum of absolute errors]. */
export const mae: Metric = {
  name: 'mae',
  tasks: ['regression'],
  needsOutputs: true,
  add(sums, { outputs, targets }) {
    let count = sumAt(sums, 0);
    let total = sumAt(sums, 1);
    for (let i = 0; i < outputs.length; i++) {
      const target = targets[i] as number;
      if (Number.isNaN(target)) continue;
      count += 1;
      total += Math.abs((outputs[i] as number) - target);
    }
    sums[0] = count;
    sums[1] = total;
  },
  value: (sums) => sumAt(sums, 1) / sumAt(sums, 0),
};
