import { Composer, type CST, type Document, isAlias, isMap, isScalar, isSeq, Lexer, LineCounter, type Node, Parser, visit } from 'yaml';
import type { Json } from '../contracts/json.ts';
import type { LocatedIssue } from './issue.ts';
import { MAX_ALIASES, MAX_BYTES, MAX_DEPTH, MAX_LEXEMES, MAX_VALUES } from './limits.ts';
import type { Path } from './path.ts';
import { type Place, type Places, setPlace } from './places.ts';
import { forbiddenKeyText } from './read-json.ts';

/** A YAML or JSON text as plain JSON, with the place of every key and value. `value` means nothing when there are issues. */
export interface ReadDocument {
  readonly value: Json;
  readonly places: Places;
  readonly issues: readonly LocatedIssue[];
}

/**
 * Reads one YAML 1.2 (core schema) or JSON document, which must not be able to hurt: size, depth, count and alias limits, no tags of its own,
 * no merge keys, no duplicate keys, no key that reaches a prototype. `1e-3` is a number, `yes` a string.
 *
 * @param source file name for messages
 * @param base path of the document's top value; only a `--set` value has one
 */
export function readDocument(text: string, source: string, base: Path = []): ReadDocument {
  const failed = (code: TextCode, where: string, message: string): ReadDocument => ({
    value: null,
    places: new Map(),
    issues: [{ code, where, text: message }],
  });
  if (text.length > MAX_BYTES || new TextEncoder().encode(text).length > MAX_BYTES) {
    return failed('CONFIG_TOO_LARGE', source, `more than ${MAX_BYTES} bytes (1 MiB)`);
  }
  const lines = new LineCounter();
  const placeOf = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${source}:${line}:${col}`;
  };
  const tokens = readTokens(text, lines);
  if (!Array.isArray(tokens)) return failed('CONFIG_TOO_LARGE', placeOf(tokens.offset), tokens.text);
  const [document, second] = new Composer(YAML_OPTIONS).compose(tokens, true, text.length);
  if (document === undefined || document.contents === null) return failed('CONFIG_SYNTAX', `${source}:1:1`, 'the document is empty');
  if (second !== undefined) return failed('CONFIG_SYNTAX', placeOf(second.range[0]), 'a second document begins here; only one is allowed');
  const problems = syntaxProblems(document);
  if (problems.length > 0) {
    return {
      value: null,
      places: new Map(),
      issues: problems.map(({ offset, text }) => ({ code: 'CONFIG_SYNTAX', where: placeOf(offset), text })),
    };
  }
  const reader: Reader = { document, placeOf, places: new Map(), issues: [], count: 0 };
  const value = toJson(reader, document.contents, { path: base, keyOffset: document.contents.range?.[0] ?? 0 });
  return { value, places: reader.places, issues: reader.issues };
}

type TextCode = 'CONFIG_SYNTAX' | 'CONFIG_TOO_LARGE';

const YAML_OPTIONS = {
  version: '1.2',
  schema: 'core',
  merge: false,
  strict: true,
  // yaml compares every pair of keys, which takes minutes for a hostile mapping: duplicates are found below, with a set
  uniqueKeys: false,
  prettyErrors: false,
  logLevel: 'silent',
} as const;

/** Tokens of the text. The parser is iterative and the composer recursive, so depth is limited here. */
function readTokens(text: string, lines: LineCounter): CST.Token[] | { readonly offset: number; readonly text: string } {
  const parser = new Parser(lines.addNewLine);
  lines.addNewLine(0);
  const tokens: CST.Token[] = [];
  let lexemes = 0;
  for (const lexeme of new Lexer().lex(text)) {
    for (const token of parser.next(lexeme)) tokens.push(token);
    // two stack entries per level in the worst case, and the document
    if (parser.stack.length > 2 * MAX_DEPTH + 2) return { offset: parser.offset, text: `nested more than ${MAX_DEPTH} deep` };
    if (++lexemes > MAX_LEXEMES) return { offset: parser.offset, text: `more than ${MAX_LEXEMES} words and signs` };
  }
  tokens.push(...parser.end());
  return tokens;
}

function syntaxProblems(document: Document.Parsed): { readonly offset: number; readonly text: string }[] {
  const problems = [...document.errors, ...document.warnings].map(({ pos, message }) => ({ offset: pos[0], text: shorten(message) }));
  const { yaml } = document.directives;
  if (yaml.explicit === true && yaml.version !== '1.2')
    problems.push({ offset: 0, text: `YAML ${yaml.version} is not supported; write YAML 1.2` });
  let aliases = 0;
  visit(document, {
    Alias(_, alias) {
      aliases++;
      const offset = alias.range?.[0] ?? 0;
      if (alias.resolve(document) === undefined)
        problems.push({ offset, text: `the alias *${shorten(alias.source)} has no anchor before it` });
      if (aliases <= MAX_ALIASES) return undefined;
      problems.push({ offset, text: `more than ${MAX_ALIASES} aliases; write the values out` });
      return visit.BREAK;
    },
  });
  return problems;
}

function shorten(message: string): string {
  const [line = ''] = message.split('\n');
  return line.length <= 160 ? line : `${line.slice(0, 157)}...`;
}

interface Reader {
  readonly document: Document.Parsed;
  readonly placeOf: (offset: number) => string;
  readonly places: Places;
  readonly issues: LocatedIssue[];
  count: number;
}

/** Where `toJson` is: the path, and the offset of the key that led here. */
interface Spot {
  readonly path: Path;
  readonly keyOffset: number;
}

function toJson(reader: Reader, node: Node | null, spot: Spot): Json {
  const offset = node?.range?.[0] ?? spot.keyOffset;
  const place: Place = { key: reader.placeOf(spot.keyOffset), value: reader.placeOf(offset) };
  setPlace(reader.places, spot.path, place);
  const tooLarge = (text: string): null => {
    reader.issues.push({ code: 'CONFIG_TOO_LARGE', where: place.value, text });
    return null;
  };
  if (++reader.count > MAX_VALUES) return reader.count === MAX_VALUES + 1 ? tooLarge(`more than ${MAX_VALUES} values`) : null;
  if (spot.path.length > MAX_DEPTH) return tooLarge(`nested more than ${MAX_DEPTH} deep`);
  if (isAlias(node)) return toJson(reader, (node.resolve(reader.document) as Node | undefined) ?? null, spot);
  if (isSeq(node)) {
    return node.items.map((item, index) => {
      const child = item as Node | null;
      return toJson(reader, child, { path: [...spot.path, index], keyOffset: child?.range?.[0] ?? offset });
    });
  }
  if (isMap(node)) {
    const members = new Map<string, Json>();
    for (const { key, value } of node.items) readMember({ reader, members, path: spot.path }, key as Node | null, value as Node | null);
    return Object.fromEntries(members);
  }
  return toScalar(reader, node, { path: spot.path, place });
}

interface Members {
  readonly reader: Reader;
  readonly members: Map<string, Json>;
  readonly path: Path;
}

function readMember({ reader, members, path }: Members, key: Node | null, value: Node | null): void {
  const keyOffset = key?.range?.[0] ?? 0;
  const refuse = (text: string): void => {
    reader.issues.push({ code: 'CONFIG_SYNTAX', where: reader.placeOf(keyOffset), text });
  };
  if (!isScalar(key)) return refuse('a key must be plain text');
  // `0:` and `true:` are keys of that text
  const name = typeof key.value === 'string' ? key.value : (key.source ?? '');
  const forbidden = forbiddenKeyText(name);
  if (forbidden !== null) return refuse(forbidden);
  if (members.has(name)) return refuse(`the key ${JSON.stringify(shorten(name))} is there twice`);
  members.set(name, toJson(reader, value, { path: [...path, name], keyOffset }));
}

/** Keys for which Lightning tells 1.0 (all batches) from 1 (one batch), which JSON cannot: how 1.0 is read. */
const FRACTION_KEYS: ReadonlyMap<string | number | undefined, Json> = new Map<string, Json>([
  ['limit_train_batches', null],
  ['limit_val_batches', null],
  ['limit_test_batches', null],
  ['limit_predict_batches', null],
  ['val_check_interval', null],
  // null would not say "all" here: 0 is off
  ['overfit_batches', '1.0'],
]);

function toScalar(reader: Reader, node: Node | null, { path, place }: { readonly path: Path; readonly place: Place }): Json {
  const value = isScalar(node) ? node.value : null;
  if (value === undefined || value === null || typeof value === 'string' || typeof value === 'boolean') return value ?? null;
  const source = (isScalar(node) ? node.source : undefined) ?? '';
  if (typeof value === 'number' && Number.isFinite(value) && !(/^[-+]?\d+$/u.test(source) && !Number.isSafeInteger(value))) {
    const all = value === 1 && /[.eE]/u.test(source) ? FRACTION_KEYS.get(path[path.length - 1]) : undefined;
    return all === undefined ? value : all;
  }
  reader.issues.push({
    code: 'CONFIG_SYNTAX',
    where: place.value,
    text: `${shorten(source)} is not a number that can be held exactly and is finite`,
  });
  return null;
}
