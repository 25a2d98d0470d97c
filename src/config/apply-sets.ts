import type { Json } from '../contracts/json.ts';
import { type LocatedIssue, show } from './issue.ts';
import { MAX_DEPTH } from './limits.ts';
import { formatPath, parsePath } from './path.ts';
import { forgetPlaces, type Places, setPlace } from './places.ts';
import { readDocument } from './read-document.ts';
import { forbiddenKeyText, isMapping } from './read-json.ts';
import { SEED_ALIAS } from './seed-alias.ts';

/** A run's values while `--set` options change them. */
export interface SetTarget {
  /** Mutable JSON. */
  value: Json;
  readonly places: Places;
}

/**
 * Applies `a.b.c=value` options in order, each value read as YAML. Mappings on the way are made; a list position must exist, or be the next
 * one. Gives the problems; those options change nothing.
 */
export function applySets(target: SetTarget, options: readonly string[]): LocatedIssue[] {
  return options.flatMap((option) => applySet(target, option));
}

function applySet(target: SetTarget, option: string): LocatedIssue[] {
  const problem = (where: string, text: string, code: LocatedIssue['code'] = 'CONFIG_SYNTAX'): LocatedIssue[] => [{ code, where, text }];
  const [written, text] = splitOption(option);
  const where = `--set ${written.slice(0, 200)}`;
  const path = parsePath(written);
  if (path === null || text === null) return problem(where, 'expected a.b.c=value');
  const forbidden = path.map(forbiddenKeyText).find((found) => found !== null) ?? null;
  if (forbidden !== null) return problem(where, forbidden);
  if (path.length > MAX_DEPTH) return problem(where, `nested more than ${MAX_DEPTH} deep`, 'CONFIG_TOO_LARGE');
  const to = path[0] === SEED_ALIAS ? ['seed', ...path.slice(1)] : path;
  const read = text.trim() === '' ? { value: null, issues: [] } : readDocument(text, where, to);
  if (read.issues.length > 0) return read.issues.map((issue) => ({ ...issue, where }));
  const blocked = assign(target, to, read.value);
  if (blocked !== null) return problem(where, blocked, 'CONFIG_INVALID');
  forgetPlaces(target.places, to);
  setPlace(target.places, to, { key: where, value: where });
  return [];
}

/** Splits at the first `=` outside quotes. */
function splitOption(option: string): [string, string | null] {
  const match = /^((?:"(?:[^"\\]|\\.)*"|[^"=])*)=/u.exec(option);
  return match === null ? [option, null] : [match[1] ?? '', option.slice(match[0].length)];
}

/** Puts a value at a path; gives what is in the way, or null. */
function assign(target: SetTarget, path: readonly string[], value: Json): string | null {
  const last = path[path.length - 1] ?? '';
  if (!isMapping(target.value)) target.value = {};
  let here = target.value as MutableMapping | Json[];
  for (const [depth, part] of path.slice(0, -1).entries()) {
    const found = member(here, part);
    const inner = found ?? {};
    if (typeof inner !== 'object') return `${formatPath(path.slice(0, depth + 1))} is ${show(inner)}, which has no keys`;
    if (found === null || found === undefined) {
      const blocked = put(here, part, inner);
      if (blocked !== null) return blocked;
    }
    here = inner as MutableMapping | Json[];
  }
  return put(here, last, value);
}

type MutableMapping = Record<string, Json>;

function member(container: MutableMapping | Json[], part: string): Json | undefined {
  if (Array.isArray(container)) return /^\d+$/u.test(part) ? container[Number(part)] : undefined;
  return Object.hasOwn(container, part) ? container[part] : undefined;
}

function put(container: MutableMapping | Json[], part: string, value: Json): string | null {
  if (!Array.isArray(container)) {
    container[part] = value;
    return null;
  }
  const index = /^\d{1,6}$/u.test(part) ? Number(part) : Number.NaN;
  if (!(index <= container.length)) return `expected a list position from 0 to ${container.length}, received ${show(part)}`;
  container[index] = value;
  return null;
}
