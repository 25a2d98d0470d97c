import { formatPath } from '../config/path.ts';
import { canonicalJson } from '../contracts/canonical-json.ts';
import type { Json, JsonObject } from '../contracts/json.ts';

/** One place where two configurations differ. Undefined: absent on that side. */
export interface JsonDifference {
  readonly path: string;
  readonly before: Json | undefined;
  readonly after: Json | undefined;
}

/** Lists where two JSON values differ, by dotted path (`stages.1.optimizer`, as --set has it); scalars, and arrays of different lengths, are compared whole. */
export function jsonDifferences(before: Json | undefined, after: Json | undefined, path = ''): readonly JsonDifference[] {
  if (isObject(before) && isObject(after)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
    return keys.flatMap((key) =>
      jsonDifferences(before[key], after[key], path === '' ? formatPath([key]) : `${path}.${formatPath([key])}`),
    );
  }
  if (Array.isArray(before) && Array.isArray(after) && before.length === after.length)
    return before.flatMap((value: Json, index) => jsonDifferences(value, after[index] as Json, `${path}.${index}`));
  const same = before === after || (before !== undefined && after !== undefined && canonicalJson(before) === canonicalJson(after));
  return same ? [] : [{ path, before, after }];
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
