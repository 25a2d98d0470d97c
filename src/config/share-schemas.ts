import type { Json, JsonObject } from '../contracts/json.ts';
import { isMapping } from './read-json.ts';

/** A schema that repeats is worth a definition from this many characters on; a reference takes about half. */
const LEAST_LENGTH = 80;

/** Keywords of draft 7 whose value is a schema or a list of them, and those whose value names schemas. */
const SCHEMAS = ['items', 'additionalProperties', 'propertyNames', 'contains', 'not', 'if', 'then', 'else', 'anyOf', 'oneOf', 'allOf'];
const NAMED_SCHEMAS = ['properties', 'patternProperties', 'dependencies'];

/**
 * Writes each schema that occurs more than once inside a JSON Schema (draft 7) as one entry of `definitions`, and `$ref` where it stood. What
 * the schema accepts stays the same. Whole schemas are shared only: draft 7 ignores whatever stands beside a `$ref`. A definition is called
 * after the key at which it was met first, such as "trainer".
 */
export function shareSchemas(whole: JsonObject): JsonObject {
  const { definitions: given = {}, ...schema } = mergeDefinitions(whole);
  const uses = countUses(schema);
  const names = new Map<string, string>();
  const definitions: Record<string, Json> = { ...(given as JsonObject) };
  const share = (inner: JsonObject, key: string): Json => {
    const text = JSON.stringify(inner);
    if (text.length < LEAST_LENGTH || (uses.get(text) ?? 0) < 2) return mapSchemas(inner, share);
    let name = names.get(text);
    if (name === undefined) {
      name = freeName(key, definitions);
      names.set(text, name);
      definitions[name] = true; // takes the name while its inside is looked at
      definitions[name] = mapSchemas(inner, share);
    }
    return { $ref: `#/definitions/${name}` };
  };
  const shared = mapSchemas(schema, share);
  return Object.keys(definitions).length === 0 ? shared : { ...shared, definitions };
}

/** Makes one definition of those that differ in their own name only: zod writes a recursive schema anew wherever it is used. */
function mergeDefinitions(schema: JsonObject): JsonObject {
  const { definitions } = schema;
  if (!isMapping(definitions)) return schema;
  const kept = new Map<string, string>();
  let text = JSON.stringify(schema);
  for (const [name, definition] of Object.entries(definitions)) {
    const reference = JSON.stringify(`#/definitions/${name}`);
    const form = JSON.stringify(definition).replaceAll(reference, '"#"');
    const same = kept.get(form);
    if (same === undefined) kept.set(form, name);
    else text = text.replaceAll(reference, JSON.stringify(`#/definitions/${same}`));
  }
  const merged = JSON.parse(text) as JsonObject;
  const names = [...kept.values()];
  const entries = Object.entries(merged['definitions'] as JsonObject).filter(([name]) => names.includes(name));
  return { ...merged, definitions: Object.fromEntries(entries) };
}

/** How many places refer to each schema, by its text. The inside of a schema counts once, however often the schema itself occurs. */
function countUses(schema: JsonObject): ReadonlyMap<string, number> {
  const uses = new Map<string, number>();
  const visit = (inner: JsonObject): JsonObject => {
    const text = JSON.stringify(inner);
    const count = uses.get(text) ?? 0;
    uses.set(text, count + 1);
    return count === 0 ? mapSchemas(inner, visit) : inner;
  };
  mapSchemas(schema, visit);
  return uses;
}

/** Replaces the schemas right inside a schema. `key`: the property it describes, else the keyword it stands under. */
function mapSchemas(schema: JsonObject, change: (inner: JsonObject, key: string) => Json): JsonObject {
  const changed = (value: Json, key: string): Json => {
    if (Array.isArray(value)) return (value as readonly Json[]).map((each) => changed(each, key));
    return isMapping(value) ? change(value, key) : value;
  };
  const entries = Object.entries(schema).map(([keyword, value]): [string, Json] => {
    if (SCHEMAS.includes(keyword)) return [keyword, changed(value, keyword)];
    if (!NAMED_SCHEMAS.includes(keyword) || !isMapping(value)) return [keyword, value];
    return [keyword, Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, changed(inner, key)]))];
  });
  return Object.fromEntries(entries);
}

function freeName(key: string, taken: JsonObject): string {
  for (let count = 1; ; count += 1) {
    const name = count === 1 ? key : `${key}-${count}`;
    if (!Object.hasOwn(taken, name)) return name;
  }
}
