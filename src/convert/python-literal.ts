import type { Json, JsonObject } from '../contracts/json.ts';
import { type NotFinite, namedValue } from './python-names.ts';
import { nameTextPlace, syntaxError, type Token, tokenisePython } from './python-tokens.ts';

/** Deeper nesting than any configuration needs. */
const MAX_DEPTH = 64;

/** A literal as JSON, and the dotted places where Python had a float that JSON cannot tell from a whole number (1.0). */
export interface PythonLiteral {
  readonly value: Json;
  readonly wholeFloats: ReadonlySet<string>;
  /** Where the literal begins: `config.py:3:16`. */
  readonly place: string;
}

/**
 * Reads one Python literal: dictionaries, lists, tuples, strings, numbers, True, False, None, comments, trailing commas, `name = {...}` in
 * front, `dict(a=1)`, numpy's scalars as it prints them (`np.float64(0.1)`, `np.True_`). Nothing is executed. Keys become text, as JSON has
 * it: `{1: 0}` is `{"1": 0}`. CONFIG_SYNTAX says where, also for infinity and NaN, which no run file can hold.
 */
export function parsePythonLiteral(text: string, source: string): PythonLiteral {
  const tokens = tokenisePython(text, source);
  const wholeFloats = new Set<string>();
  let next = 0;
  const peek = (ahead = 0): Token => tokens[Math.min(next + ahead, tokens.length - 1)] as Token;
  const fail = (token: Token, problem: string, fix?: string) => syntaxError(text, { source, offset: token.offset }, problem, fix);
  const isSign = (token: Token, value: string): boolean => token.kind === 'sign' && token.value === value;
  const take = (sign: string): void => {
    const token = peek();
    if (!isSign(token, sign)) throw fail(token, `expected "${sign}", found ${describe(token)}`);
    next += 1;
  };
  const items = (close: string, item: (index: number) => void): void => {
    for (let index = 0; !isSign(peek(), close); index += 1) {
      item(index);
      if (!isSign(peek(), close)) take(',');
    }
    take(close);
  };
  const put = (members: Map<string, Json>, token: Token, key: string, value: Json): void => {
    if (members.has(key)) throw fail(token, `the key ${JSON.stringify(key)} is there twice`);
    if (key === '__proto__') throw fail(token, 'the name "__proto__" is not allowed as a key');
    members.set(key, value);
  };
  const mapping = (path: string, depth: number): JsonObject => {
    const members = new Map<string, Json>();
    items('}', () => {
      const token = peek();
      const key = keyOf(parse(path, depth + 1));
      if (key === null) throw fail(token, 'a key has to be text or a number');
      take(':');
      put(members, token, key, parse(join(path, key), depth + 1));
    });
    return Object.fromEntries(members);
  };
  const call = (path: string, depth: number): JsonObject => {
    const members = new Map<string, Json>();
    items(')', () => {
      const token = peek();
      if (token.kind !== 'name') throw fail(token, `expected name=value, found ${describe(token)}`);
      next += 1;
      take('=');
      put(members, token, token.value, parse(join(path, token.value), depth + 1));
    });
    return Object.fromEntries(members);
  };
  const list = (close: string, path: string, depth: number): { readonly values: Json[]; readonly hasComma: boolean } => {
    const values: Json[] = [];
    const start = next;
    items(close, (index) => values.push(parse(join(path, String(index)), depth + 1)));
    return { values, hasComma: next - start > 0 && isSign(tokens[next - 2] as Token, ',') };
  };
  const number = (path: string, sign: 1 | -1): Json => {
    const token = peek();
    if (token.kind !== 'number') throw fail(token, `expected a number, found ${describe(token)}`);
    next += 1;
    if (!Number.isFinite(token.value)) throw notFinite(token, path, sign === 1 ? 'inf' : '-inf');
    if (token.isFloat && Number.isInteger(token.value)) wholeFloats.add(path);
    if (!token.isFloat && !Number.isSafeInteger(token.value)) throw fail(token, 'a whole number beyond 2^53 cannot be held exactly');
    return sign * token.value + 0;
  };
  /** The sign is taken already. */
  const signed = (path: string, sign: 1 | -1): Json => {
    const token = peek();
    if (token.kind !== 'name') return number(path, sign);
    next += 1;
    const value = named(token, path, { depth: 0, sign });
    if (typeof value !== 'number') throw fail(token, `expected a number, found ${describe(token)}`);
    return sign * value + 0;
  };
  const notFinite = (token: Token, path: string, value: NotFinite): Error => {
    const where = path === '' ? 'this' : path;
    const fix = `leave the key out where ${value.replace('-', '')} means that there is no limit, or write a finite number.`;
    return fail(token, `${where} is ${value}, which neither JSON nor a run file can hold`, fix);
  };
  /** What a name stands for, with its brackets where it has any. Its first word is taken already. */
  const named = (token: Token, path: string, at: { readonly depth: number; readonly sign: 1 | -1 }): Json => {
    let name = String(token.value);
    while (isSign(peek(), '.') && peek(1).kind === 'name') {
      name += `.${peek(1).value}`;
      next += 2;
    }
    const isCalled = isSign(peek(), '(');
    if (name === 'dict' && isCalled) {
      take('(');
      return call(path, at.depth);
    }
    const meaning = namedValue(name);
    const minus = (value: NotFinite): NotFinite => (at.sign === -1 && value !== 'nan' ? '-inf' : value);
    if (meaning?.kind === 'constant' && !isCalled) return meaning.value;
    if (meaning?.kind === 'not finite' && !isCalled) throw notFinite(token, path, minus(meaning.value));
    if (meaning?.kind === 'scalar' && isCalled) {
      take('(');
      const inner = peek();
      const value = parse(path, at.depth + 1);
      take(')');
      const result = meaning.unwrap(value);
      if (result === undefined) throw fail(inner, `expected ${meaning.expected} in ${name}(...), found ${describe(inner)}`);
      if (typeof result === 'object' && result !== null) throw notFinite(token, path, minus(result.notFinite));
      if (meaning.isFloat && Number.isInteger(result)) wholeFloats.add(path);
      return result;
    }
    throw fail(token, `${whatIs(name, isCalled)}, and nothing is executed here`);
  };
  const parse = (path: string, depth: number): Json => {
    const token = peek();
    if (depth > MAX_DEPTH) throw fail(token, `nested more than ${MAX_DEPTH} deep`);
    if (token.kind === 'number') return number(path, 1);
    next += 1;
    if (token.kind === 'string') {
      let value = token.value;
      for (let more = peek(); more.kind === 'string'; more = peek()) {
        value += more.value;
        next += 1;
      }
      return value;
    }
    if (isSign(token, '-')) return signed(path, -1);
    if (isSign(token, '+')) return signed(path, 1);
    if (isSign(token, '{')) return mapping(path, depth);
    if (isSign(token, '[')) return list(']', path, depth).values;
    if (isSign(token, '(')) {
      const { values, hasComma } = list(')', path, depth);
      return values.length === 1 && !hasComma ? (values[0] as Json) : values;
    }
    if (token.kind === 'name') return named(token, path, { depth, sign: 1 });
    throw fail(token, `expected a value, found ${describe(token)}`);
  };
  if (peek().kind === 'name' && isSign(peek(1), '=')) next = 2;
  const place = nameTextPlace(text, { source, offset: peek().offset });
  const value = parse('', 0);
  if (peek().kind !== 'end') throw fail(peek(), `expected the end, found ${describe(peek())}`);
  return { value, wholeFloats, place };
}

/** Words that begin a statement of a script. */
const STATEMENTS = ['import', 'from', 'def', 'class', 'if', 'for', 'with', 'try', 'return', 'assert'];

function whatIs(name: string, isCalled: boolean): string {
  if (STATEMENTS.includes(name)) return `"${name}" begins a statement of a script`;
  return isCalled ? `${name}(...) is a function call` : `${name} is a variable`;
}

function keyOf(value: Json): string | null {
  if (typeof value === 'string') return value;
  return typeof value === 'number' ? String(value) : null;
}

function join(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`;
}

function describe(token: Token): string {
  if (token.kind === 'end') return 'the end';
  return token.kind === 'string' ? `the text ${JSON.stringify(token.value.slice(0, 40))}` : `"${token.value}"`;
}
