import { type Metric, sumAt } from './metric.ts';

/** Share of rows whose largest logit is the true class, 0 to 1; the first of equal logits wins, a row with a NaN is wrong. sums: [rows, hits]. */
export const accuracy: Metric = {
  name: 'accuracy',
  tasks: ['classification'],
  needsOutputs: true,
  add(sums, { rows, outputs, targets }) {
    const classes = outputs.length / rows;
    let hits = 0;
    for (let row = 0; row < rows; row++) {
      if (largest(outputs.subarray(row * classes, (row + 1) * classes)) === targets[row]) hits++;
    }
    sums[0] = sumAt(sums, 0) + rows;
    sums[1] = sumAt(sums, 1) + hits;
  },
  value: (sums) => sumAt(sums, 1) / sumAt(sums, 0),
};

/** Index of the first largest value; undefined when there is a NaN. */
function largest(logits: Float32Array): number | undefined {
  let best = 0;
  for (let index = 0; index < logits.length; index++) {
    const logit = logits[index] as number;
    if (Number.isNaN(logit)) return undefined;
    if (logit > (logits[best] as number)) best = index;
  }
  return best;
}
