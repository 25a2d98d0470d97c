import { editDistance } from './edit-distance.ts';

/** Gives the candidates closest to a mistyped name, best first, at most `limit`. Candidates that differ in more than half of their letters are left out. */
export function nearestNames(name: string, candidates: readonly string[], limit = 3): readonly string[] {
  return candidates
    .map((candidate) => ({ candidate, distance: editDistance(name.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ candidate, distance }) => distance <= Math.max(name.length, candidate.length) / 2)
    .sort((a, b) => a.distance - b.distance || (a.candidate < b.candidate ? -1 : 1))
    .slice(0, limit)
    .map(({ candidate }) => candidate);
}

/** Writes ` (did you mean "a" or "b"?)`, or nothing when no candidate is near. */
export function didYouMean(name: string, candidates: readonly string[]): string {
  const names = nearestNames(name, candidates).map((candidate) => `"${candidate}"`);
  return names.length === 0 ? '' : ` (did you mean ${names.join(' or ')}?)`;
}
