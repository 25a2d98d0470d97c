import type { Json, JsonObject } from '../../contracts/json.ts';
import type { Problem } from '../../errors.ts';

/** Reads the arguments of one loss from its `config`, and collects what is wrong with them. */
export interface LossArguments {
  number(key: string, fallback: number, range?: { readonly minimum?: number; readonly above?: number; readonly maximum?: number }): number;
  flag(key: string, fallback: boolean): boolean;
  choice<const Choice extends string>(key: string, choices: readonly [Choice, ...Choice[]]): Choice;
  /** One number per column; one number alone stands for all columns. Absent or null: null. */
  perColumn(key: string): readonly number[] | null;
  /** Accepts a key at these values only: it has no effect here. */
  only(key: string, values: readonly Json[]): void;
  list(key: string): readonly Json[];
  /** Everything wrong so far, unknown keys included. */
  problems(): readonly Problem[];
}

/** Opens the arguments under a dotted key; the head has so many columns. */
export function openArguments(config: JsonObject, at: { readonly where: string; readonly columns: number }): LossArguments {
  const problems: Problem[] = [];
  const known = new Set<string>();
  const refuse = (key: string, expected: string) =>
    void problems.push({ where: `${at.where}.${key}`, text: `expected ${expected}, received ${JSON.stringify(config[key])}` });
  const read = (key: string): Json | undefined => {
    known.add(key);
    return config[key];
  };
  return {
    number(key, fallback, { minimum, above, maximum } = {}) {
      const value = read(key) ?? fallback;
      const fits = (x: number) => Number.isFinite(x) && x >= (minimum ?? x) && x <= (maximum ?? x) && (above === undefined || x > above);
      if (typeof value === 'number' && fits(value)) return value;
      const limits = [
        minimum === undefined ? '' : ` of at least ${minimum}`,
        above === undefined ? '' : ` above ${above}`,
        maximum === undefined ? '' : ` of at most ${maximum}`,
      ];
      refuse(key, `a number${limits.join('')}`);
      return fallback;
    },
    flag(key, fallback) {
      const value = read(key) ?? fallback;
      if (typeof value === 'boolean') return value;
      refuse(key, 'true or false');
      return fallback;
    },
    choice(key, choices) {
      const value = read(key) ?? choices[0];
      const found = choices.find((choice) => choice === value);
      if (found === undefined) refuse(key, `one of ${choices.join(', ')}`);
      return found ?? choices[0];
    },
    perColumn(key) {
      const value = read(key) ?? null;
      if (value === null) return null;
      const list = Array.isArray(value) ? (value as readonly Json[]) : Array.from({ length: at.columns }, () => value);
      const isNumber = (item: Json): item is number => typeof item === 'number' && Number.isFinite(item);
      if (list.every(isNumber) && (list.length === at.columns || list.length === 1)) return list;
      refuse(key, `a number, or a list of ${at.columns} (one per column)`);
      return null;
    },
    only(key, values) {
      const value = read(key);
      if (value !== undefined && !values.includes(value))
        refuse(key, `${values.map((each) => JSON.stringify(each)).join(' or ')}, which is what is built,`);
    },
    list(key) {
      const value = read(key);
      if (Array.isArray(value)) return value;
      refuse(key, 'a list');
      return [];
    },
    problems: () => [
      ...problems,
      ...Object.keys(config)
        .filter((key) => !known.has(key))
        .map((key) => ({ where: `${at.where}.${key}`, text: `unknown argument; known: ${[...known].sort().join(', ')}` })),
    ],
  };
}
