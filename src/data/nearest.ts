/**
 * Names the candidates that a mistyped name probably meant: edit distance at most a third of its length (at least 1, at most 3),
 * or equal but for case; nearest first, at most three.
 */
export function nearest(name: string, candidates: readonly string[]): readonly string[] {
  const limit = Math.min(3, Math.max(1, Math.floor(name.length / 3)));
  return candidates
    .map((candidate) => ({ candidate, distance: editDistance(name.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ distance }) => distance <= limit)
    .sort((a, b) => a.distance - b.distance || (a.candidate < b.candidate ? -1 : 1))
    .slice(0, 3)
    .map(({ candidate }) => candidate);
}

/** Writes `did you mean "a" or "b"?`, or nothing when no candidate is near. */
export function didYouMean(name: string, candidates: readonly string[]): string {
  const names = nearest(name, candidates).map((candidate) => JSON.stringify(candidate));
  return names.length === 0 ? '' : `, did you mean ${names.join(' or ')}?`;
}

/** Levenshtein distance by the two-row method. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      current.push(Math.min(substitution, (previous[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[b.length] ?? 0;
}
