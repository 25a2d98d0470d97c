import type { Json } from '../contracts/json.ts';
import type { Ref } from '../contracts/refs.ts';
import { isDigest } from './fs-layout.ts';

/** Collects every reference in a JSON value: each object with a SHA-256 `digest` and a `byteLength`, however deep, once per digest. */
export function collectRefs(value: Json): readonly Ref[] {
  const found = new Map<string, Ref>();
  // An explicit stack: documents come from disk and may be deep.
  const rest: Json[] = [value];
  for (let item = rest.pop(); item !== undefined; item = rest.pop()) {
    if (typeof item !== 'object' || item === null) continue;
    if ('digest' in item && 'byteLength' in item && isDigest(item.digest) && typeof item.byteLength === 'number') {
      found.set(item.digest, { digest: item.digest, byteLength: item.byteLength });
    }
    for (const child of Object.values<Json>(item)) rest.push(child);
  }
  return [...found.values()];
}
