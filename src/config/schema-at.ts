import { z } from 'zod';
import type { Path } from './path.ts';

/** Finds the schema of the value at a path, or null when the schema does not say. */
export function schemaAt(schema: z.ZodType, path: Path): z.ZodType | null {
  let here: z.ZodType | null = schema;
  for (const part of path) here = here === null ? null : child(here, part);
  return here;
}

/** The keys that an object schema knows; those of all alternatives for a union. */
export function allowedKeys(schema: z.ZodType): string[] {
  const inner = unwrap(schema);
  if (inner instanceof z.ZodObject) return Object.keys(inner.shape);
  return unionOptions(inner).flatMap(allowedKeys);
}

/** The alternatives of a union; none for any other schema. */
export function unionOptions(schema: z.ZodType): z.ZodType[] {
  const inner = unwrap(schema);
  return inner instanceof z.ZodUnion ? (inner.options as z.ZodType[]) : [];
}

/** Takes off optional, nullable, default and pipe wrappers. */
export function unwrap(schema: z.ZodType): z.ZodType {
  if (
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodNullable ||
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault ||
    schema instanceof z.ZodReadonly
  ) {
    return unwrap(schema.unwrap() as z.ZodType);
  }
  return schema instanceof z.ZodPipe ? unwrap(schema.in as z.ZodType) : schema;
}

function child(schema: z.ZodType, part: string | number): z.ZodType | null {
  const inner = unwrap(schema);
  if (inner instanceof z.ZodObject) return Object.hasOwn(inner.shape, part) ? (inner.shape[part] as z.ZodType) : null;
  if (inner instanceof z.ZodArray) return inner.element as z.ZodType;
  if (inner instanceof z.ZodRecord) return inner.valueType as z.ZodType;
  if (inner instanceof z.ZodTuple) return (inner.def.items[Number(part)] as z.ZodType | undefined) ?? null;
  for (const option of unionOptions(inner)) {
    const found = child(option, part);
    if (found !== null) return found;
  }
  return null;
}
