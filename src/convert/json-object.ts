import type { Json, JsonObject } from '../contracts/json.ts';

/** Whether a JSON value is a mapping. */
export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
