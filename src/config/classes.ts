import type { z } from 'zod';
import { nearest } from './suggest.ts';

/** Classes that a `name` can choose, such as torch's optimizers: those that work, those that come later, and those refused for good with the reason. */
export interface ClassTable {
  /** What one is called in messages: optimizer, scheduler, callback. */
  readonly noun: string;
  /** An ending that a written name may leave out or add, in lower case: molflux resolves `cosineannealing` to CosineAnnealingLR. */
  readonly suffix?: string;
  /** Keys of `config` by canonical name. */
  readonly available: ReadonlyMap<string, z.ZodObject>;
  readonly later: readonly string[];
  readonly refused: ReadonlyMap<string, string>;
}

/** What a written class name is. */
export type ClassLookup =
  | { readonly kind: 'available'; readonly name: string; readonly config: z.ZodObject }
  | { readonly kind: 'later' | 'refused' | 'unknown'; readonly text: string };

/** Looks a class up by name as molflux does: letter case, "-", "_" and spaces do not count, nor does the table's suffix. */
export function lookUpClass(table: ClassTable, written: string): ClassLookup {
  const key = lookupKey(table, written);
  const same = (name: string) => lookupKey(table, name) === key;
  for (const [name, config] of table.available) if (same(name)) return { kind: 'available', name, config };
  const known = [...table.available.keys()];
  const available = `available: ${known.join(', ')}`;
  const later = table.later.find(same);
  if (later !== undefined) return { kind: 'later', text: `${table.noun} ${later} is not available yet; ${available}` };
  for (const [name, reason] of table.refused) {
    if (same(name)) return { kind: 'refused', text: `${table.noun} ${name} is not supported: ${reason}; ${available}` };
  }
  const near = nearest(written, [...known, ...table.later, ...table.refused.keys()]);
  return {
    kind: 'unknown',
    text: `unknown ${table.noun} ${JSON.stringify(written)}${near === null ? '' : `. Did you mean "${near}"?`}; ${available}`,
  };
}

function lookupKey({ suffix }: ClassTable, name: string): string {
  const plain = name.toLowerCase().replaceAll(/[-_ ]/gu, '');
  return suffix !== undefined && plain.endsWith(suffix) && plain.length > suffix.length ? plain.slice(0, -suffix.length) : plain;
}

/** The canonical spelling of a class name; a name that is not available is returned as written. */
export function canonicalClassName(table: ClassTable, written: string): string {
  const found = lookUpClass(table, written);
  return found.kind === 'available' ? found.name : written;
}
