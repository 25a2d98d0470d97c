import { type Metric, sumAt } from './metric.ts';

/** Mean loss over rows of batch means (HeadMetrics counts the terms of each head's loss instead). sums: [rows, sum of loss * rows]. A NaN stays a NaN. */
export const loss: Metric = {
  name: 'loss',
  tasks: ['regression', 'classification'],
  needsOutputs: false,
  add(sums, batch) {
    sums[0] = sumAt(sums, 0) + batch.rows;
    sums[1] = sumAt(sums, 1) + batch.loss * batch.rows;
  },
  value: (sums) => sumAt(sums, 1) / sumAt(sums, 0),
};
