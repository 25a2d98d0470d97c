import type { Json, JsonObject } from '../contracts/json.ts';
import { callbackClasses } from './callback-keys.ts';
import { isNamedEntry } from './check-callbacks.ts';
import { type ClassTable, canonicalClassName } from './classes.ts';
import { optimizerClasses } from './optimizer-keys.ts';
import { isMapping } from './read-json.ts';
import { schedulerClasses } from './scheduler-keys.ts';

/** Writes class names and metric names of a valid run file in one way: `adam` becomes Adam, `val_loss` val/total/loss. Changes nothing else. */
export function normaliseRun(run: JsonObject): JsonObject {
  return within(run, ['model', 'config'], (config) =>
    within(normaliseSections(config), ['transfer_learning', 'stages'], (stages) =>
      Array.isArray(stages) ? (stages as readonly Json[]).map((stage) => normaliseSections(stage)) : stages,
    ),
  ) as JsonObject;
}

/** Applies a change at a path, when there is something. */
function within(value: Json, path: readonly string[], change: (inner: Json) => Json): Json {
  const [key, ...rest] = path;
  if (key === undefined) return change(value);
  if (!isMapping(value)) return value;
  const inner = value[key];
  return inner === undefined ? value : { ...value, [key]: within(inner, rest, change) };
}

function normaliseSections(sections: Json): Json {
  let result = within(sections, ['optimizer', 'name'], (name) => className(optimizerClasses, name));
  result = within(result, ['scheduler', 'name'], (name) => className(schedulerClasses, name));
  result = within(result, ['scheduler', 'monitor'], metricName);
  return within(result, ['trainer', 'callbacks'], normaliseCallbacks);
}

function className(table: ClassTable, name: Json): Json {
  return typeof name === 'string' ? canonicalClassName(table, name) : name;
}

function metricName(name: Json): Json {
  return name === 'val_loss' ? 'val/total/loss' : name;
}

function normaliseCallbacks(callbacks: Json): Json {
  if (Array.isArray(callbacks)) return (callbacks as readonly Json[]).map(normaliseCallbacks);
  if (!isMapping(callbacks)) return callbacks;
  if (typeof callbacks['name'] === 'string') {
    return within({ ...callbacks, name: className(callbackClasses, callbacks['name']) }, ['config', 'monitor'], metricName);
  }
  return Object.fromEntries(
    Object.entries(callbacks).map(([name, config]) =>
      isNamedEntry(config)
        ? [name, normaliseCallbacks(config)]
        : [className(callbackClasses, name), within(config, ['monitor'], metricName)],
    ),
  ) as JsonObject;
}
