import { RootstockError } from '../../errors.ts';

/** A parsed JSON value that forgets nothing: numbers keep their text, objects their own keys (also `__proto__`). */
export type StrictJson =
  | { readonly kind: 'object'; readonly members: ReadonlyMap<string, StrictJson> }
  | { readonly kind: 'array'; readonly items: readonly StrictJson[] }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'number'; readonly text: string }
  | { readonly kind: 'literal'; readonly text: string };

/** A header nests three deep; anything deeper is an attack on the stack. */
const MAX_DEPTH = 8;

interface Cursor {
  readonly text: string;
  /** Name of the file, for messages. */
  readonly where: string;
  at: number;
}

/**
 * Parses JSON without trusting it: duplicate keys are refused (JSON.parse takes the last one, other readers the first), depth is
 * limited, nothing becomes a property of an object. CHECKPOINT_INVALID names the position.
 */
export function parseStrictJson(text: string, where: string): StrictJson {
  const cursor: Cursor = { text, where, at: 0 };
  const value = parseValue(cursor, 0);
  skipSpace(cursor);
  if (cursor.at < text.length) throw syntax(cursor, 'the header goes on after its end');
  return value;
}

function parseValue(cursor: Cursor, depth: number): StrictJson {
  if (depth > MAX_DEPTH) throw syntax(cursor, `the header nests deeper than ${MAX_DEPTH}`);
  skipSpace(cursor);
  const first = cursor.text[cursor.at];
  if (first === '{') return parseObject(cursor, depth);
  if (first === '[') return parseArray(cursor, depth);
  if (first === '"') return { kind: 'string', value: parseString(cursor) };
  const number = match(cursor, /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y);
  if (number !== undefined) return { kind: 'number', text: number };
  const literal = match(cursor, /true|false|null/y);
  if (literal !== undefined) return { kind: 'literal', text: literal };
  throw syntax(cursor, first === undefined ? 'the header ends in the middle of a value' : 'the header is not valid JSON');
}

function parseObject(cursor: Cursor, depth: number): StrictJson {
  const members = new Map<string, StrictJson>();
  cursor.at += 1;
  skipSpace(cursor);
  if (take(cursor, '}')) return { kind: 'object', members };
  for (;;) {
    skipSpace(cursor);
    if (cursor.text[cursor.at] !== '"') throw syntax(cursor, 'the header is not valid JSON: expected a key');
    const key = parseString(cursor);
    if (members.has(key)) throw syntax(cursor, `the header has the key ${clip(key)} twice`);
    skipSpace(cursor);
    if (!take(cursor, ':')) throw syntax(cursor, 'the header is not valid JSON: expected ":"');
    members.set(key, parseValue(cursor, depth + 1));
    skipSpace(cursor);
    if (take(cursor, '}')) return { kind: 'object', members };
    if (!take(cursor, ',')) throw syntax(cursor, 'the header is not valid JSON: expected "," or "}"');
  }
}

function parseArray(cursor: Cursor, depth: number): StrictJson {
  const items: StrictJson[] = [];
  cursor.at += 1;
  skipSpace(cursor);
  if (take(cursor, ']')) return { kind: 'array', items };
  for (;;) {
    items.push(parseValue(cursor, depth + 1));
    skipSpace(cursor);
    if (take(cursor, ']')) return { kind: 'array', items };
    if (!take(cursor, ',')) throw syntax(cursor, 'the header is not valid JSON: expected "," or "]"');
  }
}

/** The end of the string is found here; its escapes are left to JSON.parse, which refuses bad ones and raw control characters. */
function parseString(cursor: Cursor): string {
  const start = cursor.at;
  for (let at = start + 1; at < cursor.text.length; at += 1) {
    const code = cursor.text.charCodeAt(at);
    if (code === 0x5c) at += 1;
    else if (code === 0x22) {
      cursor.at = at + 1;
      return decodeString(cursor, start);
    }
  }
  throw syntax(cursor, 'the header ends in the middle of a string');
}

function decodeString(cursor: Cursor, start: number): string {
  try {
    return JSON.parse(cursor.text.slice(start, cursor.at)) as string;
  } catch {
    cursor.at = start;
    throw syntax(cursor, 'the header is not valid JSON: bad string');
  }
}

function skipSpace(cursor: Cursor): void {
  for (;;) {
    const code = cursor.text.charCodeAt(cursor.at);
    if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
    cursor.at += 1;
  }
}

function take(cursor: Cursor, character: string): boolean {
  if (cursor.text[cursor.at] !== character) return false;
  cursor.at += 1;
  return true;
}

function match(cursor: Cursor, pattern: RegExp): string | undefined {
  pattern.lastIndex = cursor.at;
  const found = pattern.exec(cursor.text)?.[0];
  if (found !== undefined) cursor.at += found.length;
  return found;
}

function clip(text: string): string {
  return JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}...` : text);
}

function syntax(cursor: Cursor, text: string): RootstockError {
  return new RootstockError('CHECKPOINT_INVALID', `${cursor.where}: ${text} (character ${cursor.at} of the header).`, {
    file: cursor.where,
  });
}
