import type { Json, JsonObject } from '../contracts/json.ts';
import { callbackClasses } from './callback-keys.ts';
import { checkShape } from './check-shape.ts';
import { canonicalClassName, lookUpClass } from './classes.ts';
import { type Issue, invalid, notAvailable, show } from './issue.ts';
import type { Path } from './path.ts';
import { isMapping } from './read-json.ts';

/** One callback of a trainer section. `config` is null when a stage switches it off: `{EarlyStopping: null}`. */
export interface CallbackEntry {
  /** Canonical class name. */
  readonly name: string;
  readonly config: JsonObject | null;
}

/** Reads any written form of `callbacks` into one list, names canonical. Entries of a wrong form are left out; `checkCallbacks` reports them. */
export function callbackEntries(callbacks: Json | undefined): CallbackEntry[] {
  return located(callbacks, []).flatMap(({ name, config }) =>
    config === null || isMapping(config) ? [{ name: canonicalClassName(callbackClasses, name), config: config as JsonObject | null }] : [],
  );
}

/** Checks names and arguments of callbacks in every form, and that there is at most one EarlyStopping and one checkpoint. */
export function checkCallbacks(callbacks: unknown, path: Path): Issue[] {
  const malformed = Array.isArray(callbacks)
    ? callbacks.flatMap((item, index) =>
        isMapping(item) && entryOf(item, []) === null
          ? [invalid([...path, index], `expected {name, config} or {EarlyStopping: {...}}, received ${show(item)}`)]
          : [],
      )
    : [];
  const entries = located(callbacks, path);
  return [...malformed, ...entries.flatMap(checkEntry), ...checkRepeated(entries)];
}

/** Checks a logger: true, false, null and csv are available. */
export function checkLogger(logger: unknown, path: Path): Issue[] {
  if (Array.isArray(logger)) return logger.flatMap((item, index) => checkLogger(item, [...path, index]));
  if (typeof logger === 'string') return loggerNamed(logger, undefined, path);
  if (!isMapping(logger)) return [];
  if (!('name' in logger)) return Object.entries(logger).flatMap(([name, config]) => loggerNamed(name, config, [...path, name]));
  const unknown = Object.keys(logger).filter((key) => key !== 'name' && key !== 'config');
  const issues = unknown.map((key) => invalid([...path, key], 'unknown key. Known here: name, config'));
  const name = logger['name'];
  return [
    ...issues,
    ...(typeof name === 'string'
      ? loggerNamed(name, logger['config'], path)
      : [invalid([...path, 'name'], `expected csv, received ${show(name)}`)]),
  ];
}

function loggerNamed(name: string, config: unknown, path: Path): Issue[] {
  if (name.toLowerCase() !== 'csv')
    return [notAvailable(path, `logger ${JSON.stringify(name)} is not available yet; available: true, false, csv`)];
  const plain = config === undefined || config === null || (isMapping(config) && Object.keys(config).length === 0);
  return plain ? [] : [notAvailable(path, 'the csv logger has no settings here: metrics.csv is written to output.path; leave config out')];
}

/** Whether a value of a mapping of callbacks names its class itself: molflux's {any key: {name, config}}. No callback has an argument "name". */
export function isNamedEntry(value: unknown): value is Readonly<Record<string, Json>> & { readonly name: string } {
  return isMapping(value) && typeof value['name'] === 'string';
}

interface Located {
  readonly name: string;
  readonly config: unknown;
  readonly namePath: Path;
  readonly configPath: Path;
}

function located(callbacks: unknown, path: Path): Located[] {
  if (Array.isArray(callbacks)) return callbacks.flatMap((item, index) => (isMapping(item) ? (entryOf(item, [...path, index]) ?? []) : []));
  if (!isMapping(callbacks)) return [];
  const single = typeof callbacks['name'] === 'string' ? entryOf(callbacks, path) : null;
  if (single !== null) return [single];
  return Object.entries(callbacks).map(
    ([key, value]) =>
      (isNamedEntry(value) ? entryOf(value, [...path, key]) : null) ?? {
        name: key,
        config: value,
        namePath: [...path, key],
        configPath: [...path, key],
      },
  );
}

/** Reads {name, config} or {Name: config}; null for anything else. */
function entryOf(item: Readonly<Record<string, unknown>>, path: Path): Located | null {
  const keys = Object.keys(item);
  if (typeof item['name'] === 'string') {
    if (keys.some((key) => key !== 'name' && key !== 'config')) return null;
    return { name: item['name'], config: item['config'] ?? {}, namePath: [...path, 'name'], configPath: [...path, 'config'] };
  }
  const [name] = keys;
  if (name === undefined || keys.length > 1) return null;
  return { name, config: item[name], namePath: [...path, name], configPath: [...path, name] };
}

function checkEntry({ name, config, namePath, configPath }: Located): Issue[] {
  if (config === null) return [];
  const found = lookUpClass(callbackClasses, name);
  if (found.kind === 'unknown') return [{ ...invalid(namePath, found.text), at: 'key' }];
  if (found.kind !== 'available') return [{ ...notAvailable(namePath, found.text), at: 'key' }];
  return checkShape(found.config, config, configPath);
}

function checkRepeated(entries: readonly Located[]): Issue[] {
  const seen = new Set<string>();
  return entries.flatMap(({ name, config, namePath }) => {
    const canonical = canonicalClassName(callbackClasses, name);
    const role = canonical === 'ModelCheckpointApply' ? 'ModelCheckpoint' : canonical;
    const repeated = seen.has(role);
    if (config !== null) seen.add(role);
    return repeated && config !== null && callbackClasses.available.has(canonical)
      ? [
          notAvailable(
            namePath,
            `a second ${canonical} is not available yet; keep one${role === 'ModelCheckpoint' ? ' ModelCheckpoint or ModelCheckpointApply' : ''}`,
          ),
        ]
      : [];
  });
}
