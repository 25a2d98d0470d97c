import type { ModulesToMatch } from '../contracts/plan.ts';

/** One pair of a mapping: a module of the pre-trained model feeds a module of the new one. The empty name is the root. */
export interface ModulePair {
  readonly from: string;
  readonly to: string;
}

/** Lists the pairs of a mapping, each once, in the order written. Null stands for the whole tree. */
export function pairsOf(mapping: ModulesToMatch | null): readonly ModulePair[] {
  if (mapping === null) return [{ from: '', to: '' }];
  return Object.entries(mapping).flatMap(([from, to]) =>
    [...new Set(typeof to === 'string' ? [to] : to)].map((name) => ({ from, to: name })),
  );
}

/** Where a path of one module lies in another: `a.b.weight` of `a` in `c` is `c.b.weight`. */
export function movedPath(path: string, from: string, to: string): string {
  const rest = from === '' ? path : path.slice(from.length + 1);
  return to === '' ? rest : rest === '' ? to : `${to}.${rest}`;
}

/** Turns a pair round. */
export function inverted({ from, to }: ModulePair): ModulePair {
  return { from: to, to: from };
}

/** Writes pairs as a run file would: `{features: features, stem: [stem_a, stem_b]}`. */
export function mappingText(pairs: readonly ModulePair[]): string {
  const targets = new Map<string, string[]>();
  for (const { from, to } of pairs) targets.set(from, [...new Set([...(targets.get(from) ?? []), to])]);
  const members = [...targets].map(
    ([from, to]) => `${plain(from)}: ${to.length === 1 ? plain(to[0] as string) : `[${to.map(plain).join(', ')}]`}`,
  );
  return `{${members.join(', ')}}`;
}

function plain(name: string): string {
  return /^[A-Za-z_][\w.-]*$/.test(name) && !/^(true|false|null|yes|no|on|off)$/i.test(name) ? name : JSON.stringify(name);
}
