import { formatPath, type Path } from './path.ts';

/** Where a key and its value were written: `run.yaml:3:5`, or `--set a.b`. */
export interface Place {
  readonly key: string;
  readonly value: string;
}

/** Places by path; empty for values that some code made. */
export type Places = Map<string, Place>;

/** Remembers where the value at a path was written. */
export function setPlace(places: Places, path: Path, place: Place): void {
  places.set(pathKey(path), place);
}

/** Forgets the places of everything below a path, and of the path itself. */
export function forgetPlaces(places: Places, path: Path): void {
  const prefix = `${pathKey(path).slice(0, -1)},`;
  for (const key of places.keys()) if (key === pathKey(path) || key.startsWith(prefix) || path.length === 0) places.delete(key);
}

/** Gives everything at and below a path another path. */
export function movePlaces(places: Places, from: Path, to: Path): void {
  const prefix = pathKey(from).slice(0, -1);
  for (const [key, place] of Array.from(places)) {
    if (key !== pathKey(from) && !key.startsWith(`${prefix},`)) continue;
    places.delete(key);
    places.set(pathKey(to).slice(0, -1) + key.slice(prefix.length), place);
  }
}

/**
 * Says where a path was written, for messages: place and dotted path. What is missing is located at its parent; what is inside the value of
 * a `--set` option, at the option that would set it alone.
 */
export function whereIs(places: Places, path: Path, at: 'key' | 'value'): string {
  const full = formatPath(path);
  const dotted = full.length <= 200 ? full : `${full.slice(0, 197)}...`;
  const exact = places.get(pathKey(path));
  const place = exact === undefined ? parentPlace(places, path) : exact[at];
  if (place === undefined) return dotted;
  const option = `--set ${dotted}`;
  if (option === place || option.startsWith(`${place}.`)) return option;
  return dotted === '' ? place : `${place} ${dotted}`;
}

function parentPlace(places: Places, path: Path): string | undefined {
  for (let length = path.length - 1; length >= 0; length--) {
    const place = places.get(pathKey(path.slice(0, length)));
    if (place !== undefined) return place.key;
  }
  return undefined;
}

// list positions and number-like keys name the same place: a list has no keys
function pathKey(path: Path): string {
  return JSON.stringify(path.map(String));
}
