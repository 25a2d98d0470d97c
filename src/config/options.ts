import { z } from 'zod';
import type { Json } from '../contracts/json.ts';
import { show } from './issue.ts';

/** What the documentation of a key says beside its type. Kept as zod metadata, read by the JSON Schema, the docs and `sectionDefaults`. */
export interface KeyNotes {
  /** Value when the key is absent. Not applied by parsing: a RunConfig holds what was written. */
  readonly default?: Json;
  /** In words, when the key is not simply supported. */
  readonly availability?: string;
}

/** An optional key of a section with its documentation. */
export function option<S extends z.ZodType>(schema: S, description: string, notes: KeyNotes = {}): z.ZodOptional<S> {
  return schema.meta({ description, ...notes }).optional();
}

/** A required key with its documentation. */
export function required<S extends z.ZodType>(schema: S, description: string, notes: KeyNotes = {}): S {
  return schema.meta({ description, ...notes });
}

/** A whole number from `min` to `max`. */
export function wholeNumber(min: number, max = Number.MAX_SAFE_INTEGER): z.ZodInt {
  return z.int().min(min).max(max);
}

/** A finite number of at least `min`. */
export function atLeast(min: number): z.ZodNumber {
  return z.number().min(min);
}

/** A non-empty string. */
export function text(): z.ZodString {
  return z.string().min(1);
}

/** A key whose engine comes later: its type is checked, then every value but `except` is refused with NOT_AVAILABLE. */
export function later<S extends z.ZodType>(schema: S, except: readonly Json[] = []): S {
  const allowed = except.length === 0 ? 'leave it out' : `leave it out or set ${listed(except)}`;
  return schema
    .refine((value) => except.some((item) => item === value), {
      params: { code: 'NOT_AVAILABLE' },
      error: ({ input }) => `${show(input)} is not available yet; ${allowed}`,
    })
    .meta({ availability: except.some(asksForSomething) ? `available so far: ${listed(except)}` : 'not available yet' });
}

/** A key of the original that has no meaning here: only values that ask for nothing are accepted. The first one is what an absent key means. */
export function neutral(accepted: readonly Json[], reason: string): z.ZodType {
  return z
    .unknown()
    .refine((value) => accepted.some((item) => JSON.stringify(item) === JSON.stringify(value)), {
      params: { code: 'NOT_AVAILABLE' },
      error: ({ input }) => `only ${listed(accepted)} is accepted: ${reason}; received ${show(input)}`,
    })
    .meta({ enum: accepted, availability: `only ${listed(accepted)}: ${reason}` });
}

function asksForSomething(value: Json): boolean {
  return value !== null && value !== false && value !== 0;
}

function listed(values: readonly Json[]): string {
  return values.map((value) => JSON.stringify(value)).join(' or ');
}
