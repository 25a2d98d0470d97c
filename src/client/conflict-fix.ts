import { shellWords } from '../contracts/shell-words.ts';
import type { JsonDifference } from './json-difference.ts';

/** More options than this, or longer ones, are not read but taken from the list of differences. */
const MOST_SETS = 3;
const LONGEST_SET = 100;

/** What to do when a name runs with another configuration; to go on with the running one comes first, for it loses nothing. Pure. */
export function conflictFix(differences: readonly JsonDifference[]): string {
  return `${goOn(differences)}; or use --replace for the new ${differences.length === 0 ? 'data' : 'values'} (the running one is cancelled after saving; equal stages are reused), or give this run another name.`;
}

function goOn(differences: readonly JsonDifference[]): string {
  if (differences.length === 0) return 'to go on with the running one, put the data and the pre-trained weights back as they were';
  const added = differences.filter(({ before }) => before === undefined).map(({ path }) => path);
  const sets = differences.flatMap(({ path, before }) => (before === undefined ? [] : [`${path}=${JSON.stringify(before)}`]));
  if (sets.length > MOST_SETS || added.length > MOST_SETS || sets.some((set) => set.length > LONGEST_SET))
    return 'to go on with the running one, put the values back that it runs with';
  const without = added.length === 0 ? [] : [`leave out ${added.join(', ')}`];
  const withOld =
    sets.length === 0
      ? []
      : [`use its old ${sets.length === 1 ? 'value' : 'values'}: ${shellWords(sets.flatMap((set) => ['--set', set]))}`];
  return `to go on with the running one, ${[...without, ...withOld].join(' and ')}`;
}
