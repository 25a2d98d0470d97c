import type { Json } from '../contracts/json.ts';
import type { LocatedIssue } from './issue.ts';
import { movePlaces, type Places, whereIs } from './places.ts';
import { isMapping } from './read-json.ts';

/** LightningCLI's name for `seed`. */
export const SEED_ALIAS = 'seed_everything';

/** Renames `seed_everything` to `seed`, or says that both are there. */
export function renameSeed(value: Json, places: Places): { readonly value: Json; readonly issues: readonly LocatedIssue[] } {
  if (!isMapping(value) || !Object.hasOwn(value, SEED_ALIAS)) return { value, issues: [] };
  const { [SEED_ALIAS]: seed, ...rest } = value as Readonly<Record<string, Json>>;
  if (Object.hasOwn(rest, 'seed')) {
    const issue = {
      code: 'CONFIG_INVALID',
      where: whereIs(places, [SEED_ALIAS], 'key'),
      text: 'seed is there too; keep one of them',
    } as const;
    return { value: rest, issues: [issue] };
  }
  movePlaces(places, [SEED_ALIAS], ['seed']);
  return { value: { ...rest, seed: seed ?? null }, issues: [] };
}
