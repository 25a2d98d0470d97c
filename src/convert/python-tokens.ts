import { RootstockError } from '../errors.ts';

/** A word of a Python literal. Numbers, strings and names carry their value; everything else is a sign. */
export type Token =
  | { readonly kind: 'number'; readonly value: number; readonly isFloat: boolean; readonly offset: number }
  | { readonly kind: 'string'; readonly value: string; readonly offset: number }
  | { readonly kind: 'name' | 'sign'; readonly value: string; readonly offset: number }
  | { readonly kind: 'end'; readonly value: ''; readonly offset: number };

const SPACE = /(?:[ \t\r\n\f]|\\\r?\n|#[^\n]*)+/uy;
const NUMBER = /(?:0[xX][0-9a-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][-+]?\d[\d_]*)?)/uy;
const NAME = /[A-Za-z_][A-Za-z0-9_]*/uy;
const STRING = /([rRuUbBfF]{0,2})("""|'''|"|')/uy;
const SIGN = /[{}[\](),:=+\-*.|/]/uy;

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', '\\': '\\', "'": "'", '"': '"', '0': '\0', '\n': '' };

/** Cuts the text of a Python literal into words. CONFIG_SYNTAX with line and column for anything that is none. */
export function tokenisePython(text: string, source: string): readonly Token[] {
  const tokens: Token[] = [];
  let at = 0;
  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (found !== null) at = pattern.lastIndex;
    return found;
  };
  for (;;) {
    match(SPACE);
    const offset = at;
    if (at >= text.length) return [...tokens, { kind: 'end', value: '', offset }];
    const quote = match(STRING);
    if (quote !== null) {
      const { value, end } = readString({ text, source, start: at, offset }, quote[1] ?? '', quote[2] ?? '"');
      at = end;
      tokens.push({ kind: 'string', value, offset });
      continue;
    }
    const number = match(NUMBER)?.[0];
    if (number !== undefined) {
      const isFloat = !/^0[xXoObB]/u.test(number) && /[.eE]/u.test(number);
      tokens.push({ kind: 'number', value: Number(number.replaceAll('_', '')), isFloat, offset });
      continue;
    }
    const name = match(NAME)?.[0];
    if (name !== undefined) {
      tokens.push({ kind: 'name', value: name, offset });
      continue;
    }
    const sign = match(SIGN)?.[0];
    if (sign === undefined) throw syntaxError(text, { source, offset }, `${JSON.stringify(text.at(at))} is not part of a literal`);
    tokens.push({ kind: 'sign', value: sign, offset });
  }
}

/** A place in a text. */
export interface TextPlace {
  readonly source: string;
  readonly offset: number;
}

const FIX = 'give one dictionary as Python prints it (or JSON): literals only, no function calls and no variables.';

/** Builds a CONFIG_SYNTAX error with line and column. */
export function syntaxError(text: string, at: TextPlace, problem: string, fix = FIX): RootstockError {
  const place = nameTextPlace(text, at);
  return new RootstockError('CONFIG_SYNTAX', `${place}: ${problem}.\nFix: ${fix}`, { place });
}

/** `source:line:column`, counting from 1. */
export function nameTextPlace(text: string, { source, offset }: TextPlace): string {
  const before = text.slice(0, offset).split('\n');
  return `${source}:${before.length}:${(before.at(-1)?.length ?? 0) + 1}`;
}

interface StringStart {
  readonly text: string;
  readonly source: string;
  /** After the opening quote. */
  readonly start: number;
  /** Of the whole string. */
  readonly offset: number;
}

function readString({ text, source, start, offset }: StringStart, prefix: string, quote: string): { value: string; end: number } {
  const fail = (problem: string): RootstockError => syntaxError(text, { source, offset }, problem);
  const kind = prefix.toLowerCase();
  if (kind.includes('b')) throw fail('bytes have no meaning in a configuration');
  if (kind.includes('f')) throw fail('an f-string would have to be executed');
  const raw = kind.includes('r');
  let value = '';
  for (let at = start; at < text.length; at += 1) {
    if (text.startsWith(quote, at)) return { value, end: at + quote.length };
    const char = text.charAt(at);
    if (char === '\n' && quote.length === 1) break;
    if (char !== '\\') {
      value += char;
      continue;
    }
    const next = text.charAt(at + 1);
    if (raw) value += `\\${next}`;
    else {
      const code = /^\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4}))/u.exec(text.slice(at, at + 6));
      if (code !== null) {
        value += String.fromCharCode(Number.parseInt(code[1] ?? code[2] ?? '', 16));
        at += code[0].length - 1;
        continue;
      }
      value += ESCAPES[next] ?? `\\${next}`;
    }
    at += 1;
  }
  throw fail('the string is not closed');
}
