import type { Json } from './json.ts';

/**
 * Writes a JSON value in one canonical way: object keys sorted by UTF-16 code unit, no white space, numbers as
 * ECMAScript prints them (the number and key rules of RFC 8785). Equal values give equal bytes, so digests of documents can be compared.
 * `undefined` members are left out; non-finite numbers throw (encode them first with `encodeNumber`).
 */
export function canonicalJson(value: Json | undefined): string {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new TypeError(`canonicalJson: ${value} is not a JSON number; use encodeNumber`);
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item as Json)).join(',')}]`;
  if (value === undefined) throw new TypeError('canonicalJson: undefined is not JSON');
  const object = value as Readonly<Record<string, Json | undefined>>;
  const members = Object.keys(object)
    .sort()
    .filter((key) => object[key] !== undefined)
    .map((key) => `${JSON.stringify(key)}:${canonicalJson(object[key])}`);
  return `{${members.join(',')}}`;
}
