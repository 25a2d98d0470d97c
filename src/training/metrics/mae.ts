import { type Metric, sumAt } from './metric.ts';

/** Mean of |output - target| over rows and targets, in the target's unit. sums: [values, sum of absolute errors]. */
export const mae: Metric = {
  name: 'mae',
  tasks: ['regression'],
  needsOutputs: true,
  add(sums, { outputs, targets }) {
    let total = sumAt(sums, 1);
    for (let i = 0; i < outputs.length; i++) total += Math.abs((outputs[i] as number) - (targets[i] as number));
    sums[0] = sumAt(sums, 0) + outputs.length;
    sums[1] = total;
  },
  value: (sums) => sumAt(sums, 1) / sumAt(sums, 0),
};
