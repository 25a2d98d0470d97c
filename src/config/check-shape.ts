import { z } from 'zod';
import type { ErrorCode } from '../errors.ts';
import { type Issue, invalid, show } from './issue.ts';
import type { Path } from './path.ts';
import { allowedKeys, schemaAt, unionOptions } from './schema-at.ts';
import { nearest, unknownKeyText } from './suggest.ts';
import { type TypeSchema, typeText } from './type-text.ts';

/** Checks a value against a zod schema and says everything that is wrong, in words, with paths below `base`. */
export function checkShape(schema: z.ZodType, value: unknown, base: Path = []): Issue[] {
  const result = schema.safeParse(value);
  if (result.success) return [];
  return result.error.issues.flatMap((issue) => toIssues({ schema, value, base }, issue));
}

/** Says what a zod schema accepts, in words. */
export function expectedText(schema: z.ZodType): string {
  return typeText(z.toJSONSchema(schema, { io: 'input', target: 'draft-7', unrepresentable: 'any' }) as TypeSchema);
}

interface Scope {
  readonly schema: z.ZodType;
  readonly value: unknown;
  readonly base: Path;
}

function toIssues(scope: Scope, issue: z.core.$ZodIssue): Issue[] {
  const path = issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part));
  const full = [...scope.base, ...path];
  const at = schemaAt(scope.schema, path);
  if (issue.code === 'unrecognized_keys') {
    const known = at === null ? [] : allowedKeys(at);
    // a hostile file can hold thousands of unknown keys: the first 20 get a suggestion
    return issue.keys.map((key, index) => ({
      code: 'CONFIG_INVALID',
      path: [...full, key],
      at: 'key',
      text: index < 20 ? unknownKeyText(key, known) : 'unknown key',
    }));
  }
  if (issue.code === 'invalid_key') {
    return [{ code: 'CONFIG_INVALID', path: full, at: 'key', text: issue.issues[0]?.message ?? 'this name is not allowed here' }];
  }
  if (issue.code === 'custom') {
    const code = (issue.params?.['code'] as ErrorCode | undefined) ?? 'CONFIG_INVALID';
    return [{ code, path: full, at: 'value', text: issue.message }];
  }
  const received = valueAt(scope.value, path);
  const branch = issue.code === 'invalid_union' ? matchingBranch(issue.errors) : null;
  const option = at === null || branch === null ? undefined : unionOptions(at)[branch];
  if (issue.code === 'invalid_union' && branch !== null && option !== undefined) {
    const inner = { schema: option, value: received, base: full };
    return (issue.errors[branch] ?? []).flatMap((nested) => toIssues(inner, nested));
  }
  return [valueIssue(full, received, at === null ? issue.message : expectedText(at))];
}

function valueIssue(path: Path, received: unknown, expected: string): Issue {
  if (received === undefined) return invalid(path, `missing; expected ${expected}`);
  const words = typeof received === 'string' ? [...expected.matchAll(/"([^"]+)"/gu)].map((match) => match[1] ?? '') : [];
  const near = typeof received === 'string' ? nearest(received, words) : null;
  const hint = near !== null ? `. Did you mean "${near}"?` : isDecimalComma(received, expected) ? DECIMAL_COMMA : '';
  return invalid(path, `expected ${expected}, received ${show(received)}${hint}`);
}

const DECIMAL_COMMA = '. Numbers have a decimal point, and no comma';

function isDecimalComma(received: unknown, expected: string): boolean {
  return typeof received === 'string' && /^[-+]?\d[\d.]*,\d+(?:[eE][-+]?\d+)?$/u.test(received) && expected.includes('number');
}

/** The one alternative of a union whose outermost type fits, or null. */
function matchingBranch(errors: readonly (readonly z.core.$ZodIssue[])[]): number | null {
  const fits = errors
    .map((issues, index) => ({ index, fits: issues.every(({ path, code }) => path.length > 0 || !OUTERMOST.has(code)) }))
    .filter((branch) => branch.fits);
  return fits.length === 1 ? (fits[0]?.index ?? null) : null;
}

const OUTERMOST: ReadonlySet<string> = new Set(['invalid_type', 'invalid_value']);

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (inner, part) => (typeof inner === 'object' && inner !== null && Object.hasOwn(inner, part) ? Reflect.get(inner, part) : undefined),
    value,
  );
}
