import type { SplitName } from '../contracts/plan.ts';

/** How messages name the rows of a split: by their source when all of it is theirs, otherwise by the split. */
export function splitPlace(
  split: SplitName,
  sources: readonly { readonly source: { readonly where: string }; readonly splits: readonly SplitName[] }[],
): string {
  const own = sources.find(({ splits }) => splits.length === 1 && splits[0] === split);
  return own?.source.where ?? `${split} split`;
}
