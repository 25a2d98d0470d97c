/** The part of a JSON Schema (draft 7) that `typeText` reads. */
export interface TypeSchema {
  readonly type?: unknown;
  readonly words?: unknown;
  readonly const?: unknown;
  readonly enum?: unknown;
  readonly anyOf?: unknown;
  readonly oneOf?: unknown;
  readonly items?: unknown;
  readonly minItems?: unknown;
  readonly maxItems?: unknown;
  readonly minimum?: unknown;
  readonly maximum?: unknown;
  readonly exclusiveMinimum?: unknown;
  readonly exclusiveMaximum?: unknown;
  readonly pattern?: unknown;
}

/** Says in words what a JSON Schema accepts: "a whole number >= 1 or null". `words`, when the schema has it, is taken as it stands. */
export function typeText(schema: TypeSchema): string {
  if (typeof schema.words === 'string') return schema.words;
  if (Array.isArray(schema.enum)) return alternatives(schema.enum.map((value) => JSON.stringify(value)));
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  const branches = schema.anyOf ?? schema.oneOf;
  if (Array.isArray(branches)) return alternatives([...new Set((branches as TypeSchema[]).map(typeText))]);
  if (Array.isArray(schema.type)) return alternatives((schema.type as unknown[]).map((type) => typeText({ ...schema, type })));
  switch (schema.type) {
    case 'integer':
      return `a whole number${bounds(schema)}`;
    case 'number':
      return `a number${bounds(schema)}`;
    case 'string':
      return typeof schema.pattern === 'string' ? `a string like /${schema.pattern}/` : 'a string';
    case 'boolean':
      return 'true or false';
    case 'null':
      return 'null';
    case 'array':
      return arrayText(schema);
    case 'object':
      return 'a mapping';
    default:
      return 'any value';
  }
}

function arrayText(schema: TypeSchema): string {
  if (Array.isArray(schema.items)) return `[${(schema.items as TypeSchema[]).map(typeText).join(', ')}]`;
  const some = typeof schema.minItems === 'number' && schema.minItems > 0 ? 'a non-empty list' : 'a list';
  const items = (schema.items ?? {}) as TypeSchema;
  if (items.type === undefined && items.anyOf === undefined && items.enum === undefined) return some;
  const plural = items.type === 'object' ? 'mappings' : typeText(items).replace(/^an? (whole number|number|string)/u, '$1s');
  if (typeof schema.minItems === 'number' && schema.minItems === schema.maxItems) return `a list of ${schema.minItems} ${plural}`;
  const most = typeof schema.maxItems === 'number' ? `, at most ${schema.maxItems} of them` : '';
  return `${some} of ${plural}${most}`;
}

function bounds(schema: TypeSchema): string {
  const limits: readonly (readonly [string, unknown])[] = [
    ['>=', schema.minimum],
    ['>', schema.exclusiveMinimum],
    ['<=', schema.maximum],
    ['<', schema.exclusiveMaximum],
  ];
  const shown = limits.filter(([, limit]) => typeof limit === 'number' && Math.abs(limit) < Number.MAX_SAFE_INTEGER);
  return shown.length === 0 ? '' : ` ${shown.map(([sign, limit]) => `${sign} ${String(limit)}`).join(' and ')}`;
}

function alternatives(parts: readonly string[]): string {
  return parts.length < 2 ? parts.join('') : `${parts.slice(0, -1).join(', ')} or ${parts[parts.length - 1]}`;
}
