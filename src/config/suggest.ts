import { editDistance } from '../contracts/edit-distance.ts';

/**
 * The candidate most like a misspelt word, or null when none is near. Near: at most a third of the letters differ (`editDistance`,
 * letter case ignored), or one contains the other and the shorter has at least four letters (`epochs`, `max_epochs`).
 */
export function nearest(word: string, candidates: readonly string[]): string | null {
  if (word.length > 64) return null;
  const lower = word.toLowerCase();
  let best: string | null = null;
  let bestDistance = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - word.length) >= bestDistance) continue;
    const distance = editDistance(lower, candidate.toLowerCase());
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best ?? containing(lower, candidates);
}

function containing(word: string, candidates: readonly string[]): string | null {
  if (word.length < 4) return null;
  return (
    candidates.find((candidate) => candidate.toLowerCase().includes(word) || (candidate.length >= 4 && word.includes(candidate))) ?? null
  );
}

/**
 * What to say about a key that does not exist: the nearest one, or all that do when they are few. One of digits alone is what YAML makes of
 * `{ lr: 0,001 }`: the comma ends the value, and the rest of the number is a key.
 */
export function unknownKeyText(key: string, known: readonly string[]): string {
  if (/^\d+(?:[eE][-+]?\d+)?$/u.test(key)) return 'unknown key. A decimal comma? Numbers have a decimal point: 0.001, not 0,001';
  const near = nearest(key, known);
  if (near !== null) return `unknown key. Did you mean "${near}"?`;
  if (known.length === 0) return 'unknown key: nothing can be set here';
  return known.length <= 16 ? `unknown key. Known here: ${known.join(', ')}` : 'unknown key';
}
