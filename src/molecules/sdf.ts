import { RootstockError } from '../errors.ts';

/** One record of an SD file: the mol block up to and with `M  END`, and its data items by name, as text. */
export interface SdfRecord {
  readonly molBlock: string;
  /** First line of the mol block, often the name of the molecule. */
  readonly title: string;
  readonly tags: Readonly<Record<string, string>>;
}

/** Characters of the longest record, and data items per record. */
const MAX_RECORD = 16 * 2 ** 20;
const MAX_TAGS = 1_000;

/**
 * Splits the text of an SD file into records; mol blocks are not looked into. A data item is `>  <name>`, its lines, and an empty line.
 * The last record may leave `$$$$` out, but not in the middle of a data item: that is where a file was cut off. Errors: DATA_UNREADABLE, with record (from 0) and line (from 1).
 */
export function parseSdf(text: string, where: string): SdfRecord[] {
  const records: SdfRecord[] = [];
  const lines = text.split(/\r?\n/u);
  let first = 0;
  for (let i = 0; i <= lines.length; i += 1) {
    if (i < lines.length && !(lines[i] as string).startsWith('$$$$')) continue;
    const record = lines.slice(first, i);
    if (record.some((line) => line.trim() !== ''))
      records.push(parseRecord(record, { where, row: records.length, first, isClosed: i < lines.length }));
    first = i + 1;
  }
  return records;
}

interface Place {
  readonly where: string;
  readonly row: number;
  /** Lines before the record. */
  readonly first: number;
  /** Whether `$$$$` ends it. */
  readonly isClosed: boolean;
}

function parseRecord(lines: readonly string[], place: Place): SdfRecord {
  const end = lines.findIndex((line) => line.startsWith('M  END'));
  if (end < 0) throw unreadable(place, 0, 'has no "M  END"');
  if (lines.reduce((sum, line) => sum + line.length + 1, 0) > MAX_RECORD)
    throw unreadable(place, 0, `is longer than ${MAX_RECORD} characters`);
  return {
    molBlock: `${lines.slice(0, end + 1).join('\n')}\n`,
    title: (lines[0] as string).trim(),
    tags: parseTags(lines, end + 1, place),
  };
}

function parseTags(lines: readonly string[], from: number, place: Place): Record<string, string> {
  const tags = new Map<string, string>();
  for (let i = from; i < lines.length; i += 1) {
    const line = lines[i] as string;
    if (line.trim() === '') continue;
    const name = /^>.*?<([^>]+)>/u.exec(line)?.[1];
    if (name === undefined) throw unreadable(place, i, `expected a data item "> <name>", received ${JSON.stringify(line.slice(0, 60))}`);
    if (tags.has(name)) throw unreadable(place, i, `has the data item <${name}> twice`);
    if (tags.size === MAX_TAGS) throw unreadable(place, i, `has more than ${MAX_TAGS} data items`);
    const value: string[] = [];
    while (i + 1 < lines.length && lines[i + 1] !== '' && !(lines[i + 1] as string).startsWith('> ')) value.push(lines[(i += 1)] as string);
    // The text after the last line feed: where it is all that follows, no empty line ended the item.
    if (!place.isClosed && i + 1 >= lines.length - 1) throw unreadable(place, i, `ends in the data item <${name}>: the file was cut off`);
    tags.set(name, value.join('\n'));
  }
  return Object.fromEntries(tags);
}

function unreadable(place: Place, line: number, text: string): RootstockError {
  const at = place.first + line + 1;
  return new RootstockError(
    'DATA_UNREADABLE',
    `${place.where}: row ${place.row} (counting from 0, line ${at}) ${text}.\nFix: write the file again as an SD file: a mol block ending in "M  END", data items "> <name>" with an empty line after each, "$$$$".`,
    { where: place.where, row: place.row, line: at },
  );
}
