import type { Json } from '../contracts/json.ts';
import { type Issue, invalid } from './issue.ts';
import { FORBIDDEN_KEYS, MAX_DEPTH, MAX_VALUES } from './limits.ts';
import type { Path } from './path.ts';

/** Whether a value is a mapping: an object that is no list. */
export function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Copies a value that some code made into plain JSON, or says why that cannot be: functions, dates, class instances, cycles, numbers that are
 * not finite, forbidden key names, and values nested too deeply or too many. Members that are undefined are left out.
 */
export function readJson(value: unknown): { readonly value: Json; readonly issues: readonly Issue[] } {
  const reader = { issues: [] as Issue[], count: 0 };
  return { value: copy(reader, value, []), issues: reader.issues };
}

/** What is wrong with a key's name, or null. */
export function forbiddenKeyText(key: string): string | null {
  if (FORBIDDEN_KEYS.has(key)) return `the name ${JSON.stringify(key)} is not allowed as a key`;
  if (key === '<<') return 'merge keys are not allowed; write the values out';
  return null;
}

interface Reader {
  readonly issues: Issue[];
  count: number;
}

function copy(reader: Reader, value: unknown, path: Path): Json {
  reader.count++;
  if (reader.count === MAX_VALUES + 1) reader.issues.push({ ...invalid([], `more than ${MAX_VALUES} values`), code: 'CONFIG_TOO_LARGE' });
  if (reader.count > MAX_VALUES) return null;
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number')
    return Number.isFinite(value) ? value : refuse(reader, path, `expected a finite number, received ${value}`);
  if (typeof value !== 'object') return refuse(reader, path, `expected a plain value, received a ${typeof value}`);
  if (path.length >= MAX_DEPTH) {
    reader.issues.push({ ...invalid(path, `nested more than ${MAX_DEPTH} deep`), code: 'CONFIG_TOO_LARGE' });
    return null;
  }
  if (Array.isArray(value)) return Array.from(value as unknown[], (item, index) => copy(reader, item, [...path, index]));
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== null && prototype !== Object.prototype)
    return refuse(reader, path, 'expected a plain object, received an instance of a class');
  return copyObject(reader, value, path);
}

function copyObject(reader: Reader, value: object, path: Path): Json {
  const members: [string, Json][] = [];
  for (const [key, item] of Object.entries(value) as [string, unknown][]) {
    const forbidden = forbiddenKeyText(key);
    if (forbidden !== null) reader.issues.push({ ...invalid([...path, key], forbidden), at: 'key' });
    else if (item !== undefined) members.push([key, copy(reader, item, [...path, key])]);
  }
  return Object.fromEntries(members);
}

function refuse(reader: Reader, path: Path, text: string): null {
  reader.issues.push(invalid(path, text));
  return null;
}
