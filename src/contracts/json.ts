/** A value that survives JSON unchanged. Non-finite numbers cross as strings, see `encodeNumber`. */
export type Json = string | number | boolean | null | readonly Json[] | JsonObject;

/** A JSON object. */
export interface JsonObject {
  readonly [key: string]: Json;
}

/** A number as it crosses a JSON boundary: NaN and the infinities become strings. */
export type JsonNumber = number | 'NaN' | 'Infinity' | '-Infinity';

/** Encodes a number for JSON; NaN and infinities become the strings "NaN", "Infinity", "-Infinity". */
export function encodeNumber(value: number): JsonNumber {
  return Number.isFinite(value) ? value : (String(value) as JsonNumber);
}

/** Decodes what `encodeNumber` made. */
export function decodeNumber(value: JsonNumber): number {
  return Number(value);
}

/** Metrics by name (`val/total/loss`), each number encoded by `encodeNumber`. */
export type Metrics = Readonly<Record<string, JsonNumber>>;
