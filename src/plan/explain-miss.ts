import type { Json, JsonObject } from '../contracts/json.ts';

/**
 * Says why a stage is not reused: the keys of two stage key documents that differ, as a run file has them, with both values. Digests are shortened to 12 digits, the
 * first eight differences are written out.
 */
export function explainMiss(previous: JsonObject, current: JsonObject): string {
  const [before, after] = [leavesOf(previous), leavesOf(current)];
  const differing = [...new Set([...before.keys(), ...after.keys()])].filter((path) => before.get(path) !== after.get(path));
  if (differing.length === 0) return 'nothing differs';
  const shown = differing.slice(0, 8).map((path) => `${runFileKey(path)} was ${show(before.get(path))}, is ${show(after.get(path))}`);
  const rest = differing.length > 8 ? [`and ${differing.length - 8} more`] : [];
  return [...shown, ...rest].join('; ');
}

/** Dotted path -> JSON text. Lists are values. */
function leavesOf(value: Json, path = ''): ReadonlyMap<string, string> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return new Map([[path, JSON.stringify(value)]]);
  return new Map(Object.entries(value).flatMap(([key, member]) => [...leavesOf(member, path === '' ? key : `${path}.${key}`)]));
}

/** Where a plan has a value in another place than the run file. */
const PLACES: readonly (readonly [plan: string, runFile: string])[] = [
  ['datamodule.neighbours.', 'datamodule.'],
  ['datamodule.shuffleSeed', 'datamodule.shuffle_seed'],
  ['trainer.maxTimeSeconds', 'trainer.max_time'],
  ['validation.batchSize', 'datamodule.validation.batch_size'],
  ['validation.dropLast', 'datamodule.validation.drop_last'],
  ['validation.', 'trainer.'],
  ['carryWeights', 'carry_weights'],
];

/** Keys below these are as they were written, whatever their case. */
const AS_WRITTEN = /^(?:model|optimizer|scheduler)\.config\./u;

/** The dotted key of a run file: `trainer.max_epochs`. What only a plan has, such as a digest, is written in the same way. */
function runFileKey(path: string): string {
  if (AS_WRITTEN.test(path)) return path;
  const [plan, runFile] = PLACES.find(([prefix]) => path.startsWith(prefix)) ?? ['', ''];
  return `${runFile}${path.slice(plan.length)}`.replaceAll(/(?<=[a-z])[A-Z]/gu, (letter) => `_${letter.toLowerCase()}`);
}

function show(text: string | undefined): string {
  if (text === undefined) return 'absent';
  const plain = /^"[^"\\]*"$/.test(text) ? text.slice(1, -1) : text;
  if (/^[0-9a-f]{64}$/.test(plain)) return plain.slice(0, 12);
  return plain.length > 80 ? `${plain.slice(0, 77)}...` : plain;
}
