import { sectionDefaults } from '../config/section-defaults.ts';
import type { Json, JsonObject } from '../contracts/json.ts';
import { isObject } from './json-object.ts';
import type { Note } from './notes.ts';

/** A stage of molflux, and the base it overrides. */
export interface StageInput {
  readonly stage: JsonObject;
  readonly base: JsonObject;
  readonly where: string;
  /** Write out what molflux's shallow overrides fall back to, so that the numbers stay. */
  readonly faithful: boolean;
}

/**
 * Converts one stage. molflux replaces an overridden mapping as a whole, so that keys of the base fall back to class defaults; here they
 * are merged by key. Each key where that makes a difference is noted, or, when faithful, written out.
 */
export function convertStage({ stage, base, where, faithful }: StageInput): {
  readonly stage: JsonObject;
  readonly notes: readonly Note[];
} {
  const notes: Note[] = [];
  const sections = Object.entries(stage).map(([section, override]): [string, Json] => {
    const written = base[section];
    if (!isObject(override) || !isObject(written) || !SECTIONS.has(section)) return [section, override];
    const result = Object.entries(override).map(([key, value]): [string, Json] => {
      const before = written[key];
      if (!isObject(value) || !isObject(before)) return [key, value];
      const lost = Object.keys(before).filter((name) => !Object.hasOwn(value, name));
      if (lost.length === 0 || changesClass(override, written)) return [key, value];
      const place = `${where}.${section}.${key}`;
      const defaults = defaultsOf(section, key, override['name'] ?? written['name']);
      const fallback = lost.filter(
        (name) => defaults[name] !== undefined && JSON.stringify(defaults[name]) !== JSON.stringify(before[name]),
      );
      if (fallback.length === 0) return [key, value];
      const shown = fallback.map(
        (name) => `${name} (base ${JSON.stringify(before[name])}, in the original ${JSON.stringify(defaults[name])})`,
      );
      if (!faithful) {
        const text = `an override is merged by key here, the original replaces the whole mapping: kept from the base here are ${shown.join(', ')}`;
        notes.push({ kind: 'differs', where: place, text });
        return [key, value];
      }
      notes.push({
        kind: 'changed',
        where: place,
        text: `written out, because the original falls back to its defaults: ${shown.join(', ')}`,
      });
      return [key, { ...Object.fromEntries(fallback.map((name) => [name, defaults[name] ?? null])), ...value }];
    });
    return [section, Object.fromEntries(result)];
  });
  return { stage: Object.fromEntries(sections), notes };
}

const SECTIONS: ReadonlySet<string> = new Set(['datamodule', 'optimizer', 'scheduler']);

function changesClass(override: JsonObject, base: JsonObject): boolean {
  const lower = (name: Json | undefined): string => (typeof name === 'string' ? name.toLowerCase() : '');
  return override['name'] !== undefined && lower(override['name']) !== lower(base['name']);
}

function defaultsOf(section: string, key: string, name: Json | undefined): JsonObject {
  const className = typeof name === 'string' ? name : undefined;
  const defaults =
    section === 'datamodule'
      ? sectionDefaults('datamodule')
      : sectionDefaults(section === 'optimizer' ? 'optimizer' : 'scheduler', className);
  const found = defaults[key];
  return isObject(found) ? found : {};
}
