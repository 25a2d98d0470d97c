import { hash } from 'node:crypto';
import type { SplitName, SplitSpec } from '../contracts/plan.ts';

/**
 * Says which split a row belongs to, or null: none (the fractions sum to less than 1). A pure function of the row's id and the split
 * seed, so more rows, another order or another run seed never move a row. The row's position in [0, 1) is the first 52 bits of
 * SHA-256("<split seed>/<row id>"); train, validation and test follow each other from 0. Split sizes are therefore close to the
 * fractions, not exactly them.
 */
export function assignSplit(rowId: string, split: SplitSpec): SplitName | null {
  const position = Number.parseInt(hash('sha256', `${split.splitSeed}/${rowId}`, 'hex').slice(0, 13), 16) / 2 ** 52;
  let upper = 0;
  for (const [name, share] of shares(split)) {
    upper += share;
    if (position < upper) return name;
  }
  // 0.7 + 0.2 + 0.1 is a little less than 1 in binary; no row may fall out for that.
  return upper > 1 - 1e-9 ? (splitNames(split).at(-1) ?? null) : null;
}

/** The splits that a specification makes: those with a share, in the order train, validation, test. */
export function splitNames(split: SplitSpec): readonly SplitName[] {
  return shares(split).flatMap(([name, share]) => (share > 0 ? [name] : []));
}

function shares(split: SplitSpec): readonly (readonly [SplitName, number])[] {
  return [
    ['train', split.trainFraction],
    ['validation', split.validationFraction],
    ['test', split.testFraction],
  ];
}
