import type { Json, JsonObject } from '../contracts/json.ts';
import type { Note } from './notes.ts';

/**
 * Turns molflux's modules_to_match round. molflux's code looks its keys up in the NEW model and its values in the pre-trained one, although
 * its documentation says the reverse; here keys are modules of the pre-trained model. One old module that feeds several new ones becomes a list.
 */
export function convertMapping(
  mapping: Json | undefined,
  where: string,
): { readonly mapping: Json | undefined; readonly notes: readonly Note[] } {
  if (mapping === undefined || mapping === null || typeof mapping !== 'object' || Array.isArray(mapping)) return { mapping, notes: [] };
  const pairs = Object.entries(mapping as JsonObject);
  if (pairs.length === 0) {
    const text = 'an empty mapping copies nothing, silently, in the original; here it is an error. null means the whole model';
    return { mapping, notes: [{ kind: 'to do', where, text }] };
  }
  if (!pairs.every(([, old]) => typeof old === 'string')) return { mapping, notes: [] };
  const turned = new Map<string, string[]>();
  for (const [fresh, old] of pairs as readonly [string, string][]) turned.set(old, [...(turned.get(old) ?? []), fresh]);
  if (pairs.every(([fresh, old]) => fresh === old)) return { mapping, notes: [] };
  const result = Object.fromEntries(
    [...turned].map(([old, fresh]): [string, Json] => [old, fresh.length === 1 ? (fresh[0] ?? '') : fresh]),
  );
  const text = `turned round: molflux's code reads {new: old}, a run file {pre-trained: new}. Was ${JSON.stringify(mapping)}. If you wrote it by molflux's documentation, which says the reverse, take it as it was`;
  return { mapping: result, notes: [{ kind: 'changed', where, text }] };
}
