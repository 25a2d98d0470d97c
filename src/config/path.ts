/** Keys and list positions that lead from the top of a run file to a value. */
export type Path = readonly (string | number)[];

/** Writes a path with dots: `stages.0.trainer`. A key that holds a dot, a quote or white space, or is empty, is quoted: `files."a.b"`. */
export function formatPath(path: Path): string {
  return path.map((part) => (typeof part === 'number' || /^[^\s".=]+$/u.test(part) ? String(part) : JSON.stringify(part))).join('.');
}

/** Reads what `formatPath` writes; list positions stay text. Null when the text is no path (empty part, open quote). */
export function parsePath(text: string): string[] | null {
  const parts: string[] = [];
  let rest = text;
  for (;;) {
    const part = /^(?:"(?:[^"\\]|\\.)*"|[^\s".=]+)/u.exec(rest)?.[0];
    if (part === undefined) return null;
    const key = unquote(part);
    if (key === null) return null;
    parts.push(key);
    rest = rest.slice(part.length);
    if (rest === '') return parts;
    if (!rest.startsWith('.')) return null;
    rest = rest.slice(1);
  }
}

function unquote(part: string): string | null {
  if (!part.startsWith('"')) return part;
  try {
    return JSON.parse(part) as string;
  } catch {
    return null;
  }
}
