import { canonicalJson } from '../contracts/canonical-json.ts';
import type { Json, JsonObject } from '../contracts/json.ts';
import type { ParameterGroupPlan } from '../contracts/plan.ts';
import type { ModuleTree } from '../contracts/tensors.ts';
import { layerDepths } from './layer-depth.ts';
import { namedParameters, type ParameterNames, parameterNames } from './parameter-names.ts';
import type { PlanProblem } from './problems.ts';

/** What the groups of an optimizer are made from. */
export interface GroupRequest {
  /** The resolved optimizer section. */
  readonly optimizer: JsonObject;
  /** Its arguments, those of torch that change no number left out. */
  readonly config: JsonObject;
  readonly tree: ModuleTree;
  readonly trainable: readonly string[];
  /** Dotted place of the section. */
  readonly where: string;
  /** Leaves out the arguments of torch that change no number. */
  readonly numbersOf: (config: JsonObject) => JsonObject;
}

/** Groups by equal arguments, those that equal the optimizer's own left out; ordered by their first path. */
export interface ResolvedGroups {
  readonly groups: readonly ParameterGroupPlan[];
  readonly problems: readonly PlanProblem[];
}

/**
 * Works out which parameters have arguments of their own. For each one: the optimizer's config, over it the entry of param_groups that names
 * it; then its learning rate is multiplied by layer_decay^depth (see `layerDepths`), whoever gave it; then no_weight_decay sets
 * weight_decay to 0. Names and globs as `namedParameters` reads them.
 *
 * Problems: MODULE_NOT_FOUND for a name that means nothing or frozen parameters alone, STAGE_INVALID for a parameter in two entries.
 */
export function resolveGroups(request: GroupRequest): ResolvedGroups {
  const names = parameterNames(request.tree, request.trainable);
  const entries = entriesOf(request, names);
  const spared = sparedFromDecay(request, names);
  const problems = [...entries.problems, ...spared.problems];
  const decay = (request.optimizer['layer_decay'] ?? null) as number | null;
  const depths = decay === null ? new Map<string, number>() : layerDepths(request.tree);
  const own = canonicalJson(request.config);
  const groups = new Map<string, { paths: string[]; config: JsonObject }>();
  for (const path of [...request.trainable].sort()) {
    const given = { ...request.config, ...entries.byPath.get(path) };
    const config = {
      ...given,
      ...(decay === null ? {} : { lr: (given['lr'] as number) * decay ** (depths.get(path) ?? 0) }),
      ...(spared.paths.has(path) ? { weight_decay: 0 } : {}),
    };
    const key = canonicalJson(config);
    if (key === own) continue;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { paths: [path], config });
    else group.paths.push(path);
  }
  return { groups: [...groups.values()], problems };
}

interface Entries {
  readonly byPath: ReadonlyMap<string, JsonObject>;
  readonly problems: readonly PlanProblem[];
}

function entriesOf({ optimizer, where, numbersOf }: GroupRequest, names: ParameterNames): Entries {
  const written = (optimizer['param_groups'] ?? []) as readonly JsonObject[];
  const byPath = new Map<string, JsonObject>();
  const entryOf = new Map<string, number>();
  const problems: PlanProblem[] = [];
  for (const [index, { params, ...config }] of written.entries()) {
    const place = `${where}.param_groups.${index}.params`;
    const found = namesIn(params).map((name, at) => namedParameters(names, name, `${place}.${at}`));
    problems.push(...found.flatMap((each) => each.problems));
    const twice = new Map<number, string[]>();
    for (const path of new Set(found.flatMap(({ paths }) => paths))) {
      const other = entryOf.get(path);
      if (other !== undefined) twice.set(other, [...(twice.get(other) ?? []), path]);
      entryOf.set(path, index);
      byPath.set(path, numbersOf(config));
    }
    problems.push(...[...twice].map(([other, paths]) => inTwo(place, { index, other, paths })));
  }
  return { byPath, problems };
}

function inTwo(
  where: string,
  { index, other, paths }: { readonly index: number; readonly other: number; readonly paths: readonly string[] },
): PlanProblem {
  const shown = paths.slice(0, 3).join(', ');
  const more = paths.length > 3 ? ` and ${paths.length - 3} more` : '';
  return {
    code: 'STAGE_INVALID',
    where,
    text: `${shown}${more} are in entry ${other} of param_groups and in entry ${index}`,
    fix: 'name each parameter in one entry of param_groups only',
  };
}

function sparedFromDecay(
  { optimizer, where }: GroupRequest,
  names: ParameterNames,
): { readonly paths: ReadonlySet<string>; readonly problems: readonly PlanProblem[] } {
  const wanted: Json = optimizer['no_weight_decay'] ?? null;
  if (wanted === true) return { paths: new Set(names.parameters.filter(isBiasOrVector).map(({ path }) => path)), problems: [] };
  const found = namesIn(wanted).map((name, index) => namedParameters(names, name, `${where}.no_weight_decay.${index}`));
  return { paths: new Set(found.flatMap(({ paths }) => paths)), problems: found.flatMap(({ problems }) => problems) };
}

function isBiasOrVector({ path, shape }: { readonly path: string; readonly shape: readonly number[] }): boolean {
  return shape.length <= 1 || path === 'bias' || path.endsWith('.bias');
}

function namesIn(value: Json | undefined): readonly string[] {
  return Array.isArray(value) ? (value as readonly string[]) : [];
}
