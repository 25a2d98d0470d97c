/** Why a text is not JSON: `place` is "line 3, column 8" where it is known, and `why` a clause. */
export interface NotJson {
  readonly place: string | null;
  readonly why: string;
  /** What to do, where it is known. */
  readonly fix: string | null;
}

/** Explains why JSON.parse refused a text. Names the number that is none, with its key, as Python's json.dump writes NaN and Infinity. Pure. */
export function explainNotJson(text: string, cause: unknown): NotJson {
  const found = findNotFinite(text);
  if (found !== null) {
    const key = found.key === null ? '' : `"${found.key.slice(0, 100)}": `;
    return {
      place: placeAt(text, found.offset),
      why: `${key}${found.word} is not JSON, although Python's json.dump writes it, and no setting of a model`,
      fix: `write the number that it should be${found.key === null ? '' : `, or leave "${found.key.slice(0, 100)}" out`}.`,
    };
  }
  const message = (cause instanceof Error ? cause.message : String(cause)).replace(/ \(line \d+ column \d+\)$/u, '');
  const offset = /at position (\d+)/u.exec(message)?.[1];
  const isAtEnd = offset !== undefined && Number(offset) >= text.trimEnd().length;
  if (isAtEnd || /^Unexpected end|^Unterminated/u.test(message)) {
    return { place: placeAt(text, text.length), why: text.trim() === '' ? 'the file is empty' : 'the file ends too early', fix: null };
  }
  return { place: offset === undefined ? null : placeAt(text, Number(offset)), why: message.replace(/ at position \d+$/u, ''), fix: null };
}

function placeAt(text: string, offset: number): string {
  const before = text.slice(0, offset);
  return `line ${before.split('\n').length}, column ${offset - before.lastIndexOf('\n')}`;
}

const WORD = /-?(?:NaN|Infinity)\b/y;

/** The first NaN or Infinity outside of strings, with the key before it. */
function findNotFinite(text: string): { readonly word: string; readonly key: string | null; readonly offset: number } | null {
  let last = '';
  let key: string | null = null;
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at];
    if (char === '"') {
      const end = endOfString(text, at);
      last = text.slice(at + 1, end);
      at = end;
    } else if (char === ':') key = last;
    else if (char === 'N' || char === 'I' || char === '-') {
      WORD.lastIndex = at;
      const [word] = WORD.exec(text) ?? [];
      if (word !== undefined) return { word, key, offset: at };
    }
  }
  return null;
}

function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === '"') return at;
  }
  return text.length;
}
