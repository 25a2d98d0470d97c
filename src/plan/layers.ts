import type { Json, JsonObject } from '../contracts/json.ts';
import type { StagePlan } from '../contracts/plan.ts';

/** Where a value of a stage came from: Rootstock's (torch's, Lightning's) default, the model definition, the base configuration, the stage. */
export type Origin = StagePlan['origins'][string];

/** A section as one of its sources wrote it. Null is a value: it clears. */
export interface Layer {
  readonly origin: Origin;
  readonly value: JsonObject | null;
}

/** A section after all layers. */
export interface MergedSection {
  readonly value: JsonObject | null;
  /** Dotted path below the section -> where its value came from; a section that is null has the path ''. */
  readonly origins: Readonly<Record<string, Origin>>;
  /** Paths that the base had written for a class which a later layer replaced by another, and that no later layer wrote again. */
  readonly dropped: readonly string[];
}

/** A value with its source: leaves carry the origin, branches are mappings. */
type Node = { readonly origin: Origin; readonly leaf: Json } | { readonly members: ReadonlyMap<string, Node> };

/**
 * Merges layers, the weakest first: deeply, by key; lists and scalars replace; null clears; an absent key inherits. Pure: no layer is touched.
 *
 * When a layer changes `name` (optimizer, scheduler), or gives a mapping where there was none, `config` restarts from what `classDefaults`
 * says of the new class (without a name: of the default class). Sections without classes pass no `classDefaults`.
 */
export function mergeLayers(layers: readonly Layer[], classDefaults?: (name: string | undefined) => JsonObject): MergedSection {
  let merged: Node = { members: new Map() };
  const dropped: string[] = [];
  for (const { origin, value } of layers) {
    if (value !== null && classDefaults !== undefined) {
      const restarted = restart(merged, value, classDefaults);
      if (restarted !== undefined) {
        dropped.push(...writtenInBase(merged));
        merged = restarted;
      }
    }
    merged = overlay(merged, value, origin);
  }
  const origins = Object.fromEntries(leavesOf(merged).map(({ path, origin }) => [path, origin]));
  return {
    value: toJson(merged) as JsonObject | null,
    origins,
    dropped: [...new Set(dropped)].filter((path) => origins[path] !== 'stage' && origins[path] !== 'base').sort(),
  };
}

/** The section before a layer that changes its class; undefined when the class stays. */
function restart(merged: Node, value: JsonObject, classDefaults: (name: string | undefined) => JsonObject): Node | undefined {
  const name = typeof value['name'] === 'string' ? value['name'] : undefined;
  if ('leaf' in merged) return toNode(classDefaults(name), 'default');
  const before = merged.members.get('name');
  if (name === undefined || (before !== undefined && 'leaf' in before && before.leaf === name)) return undefined;
  const config = toNode(classDefaults(name)['config'] ?? {}, 'default');
  return { members: new Map([...merged.members, ['config', config]]) };
}

function writtenInBase(merged: Node): readonly string[] {
  const config = 'members' in merged ? merged.members.get('config') : undefined;
  if (config === undefined) return [];
  return leavesOf(config)
    .filter(({ origin }) => origin === 'base')
    .map(({ path }) => `config.${path}`);
}

function overlay(below: Node | undefined, value: Json, origin: Origin): Node {
  if (!isMapping(value)) return { origin, leaf: value };
  const members = new Map(below !== undefined && 'members' in below ? below.members : []);
  for (const [key, member] of Object.entries(value)) members.set(key, overlay(members.get(key), member, origin));
  return { members };
}

function toNode(value: Json, origin: Origin): Node {
  return overlay(undefined, value, origin);
}

function toJson(node: Node): Json {
  return 'leaf' in node ? node.leaf : Object.fromEntries([...node.members].map(([key, member]) => [key, toJson(member)]));
}

function leavesOf(node: Node, path = ''): readonly { readonly path: string; readonly origin: Origin }[] {
  if ('leaf' in node) return [{ path, origin: node.origin }];
  return [...node.members].flatMap(([key, member]) => leavesOf(member, path === '' ? key : `${path}.${key}`));
}

function isMapping(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
