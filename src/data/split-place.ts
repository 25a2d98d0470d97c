import type { SplitName } from '../contracts/plan.ts';
import { findEmptySource } from './empty-source.ts';
import type { DataProblem } from './problems.ts';
import type { OpenSource } from './source.ts';

/** A source and the splits it fills. */
interface SplitSource {
  readonly source: OpenSource;
  readonly splits: readonly SplitName[];
}

/** DATA_EMPTY of every source without rows, and of every split that none of the rows of its source falls into. */
export async function findEmptySplits(
  rows: ReadonlyMap<SplitName, number>,
  sources: readonly SplitSource[],
): Promise<readonly DataProblem[]> {
  const found = await Promise.all(
    sources.map(async ({ source, splits }): Promise<readonly DataProblem[]> => {
      const empty = splits.filter((split) => rows.get(split) === 0);
      const whole = empty.length === splits.length ? await findEmptySource(source) : undefined;
      if (whole !== undefined) return [whole];
      return empty.map((split) => ({ code: 'DATA_EMPTY', where: splitPlace(split, sources), text: 'has no rows', remedy: SPLIT_REMEDY }));
    }),
  );
  return found.flat();
}

const SPLIT_REMEDY = 'give the split a larger fraction, or the data more rows';

/** How messages name the rows of a split: by their source when all of it is theirs, otherwise by the split. */
export function splitPlace(
  split: SplitName,
  sources: readonly { readonly source: { readonly where: string }; readonly splits: readonly SplitName[] }[],
): string {
  const own = sources.find(({ splits }) => splits.length === 1 && splits[0] === split);
  return own?.source.where ?? `${split} split`;
}
