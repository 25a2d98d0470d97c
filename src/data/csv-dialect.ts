import { readUnpacked } from './file-head.ts';
import { globLiteral, quoteText, type Session } from './session.ts';

/** What a CSV file's first line says. */
export interface CsvHeader {
  readonly delimiter: string;
  readonly columnCount: number;
}

/** A header line is looked for in this much text; a longer one is cut, which does not change which separator wins. */
const HEADER_BYTES = 1 << 20;

/** Reads the header line: the separator is whichever of `,` tab `;` `|` it has most of (a .tsv file's is the tab). */
export async function readCsvHeader(path: string): Promise<CsvHeader> {
  const header = (await readFirstLine(path)).replaceAll(/"[^"]*"/g, '');
  const candidates = /\.tsv(\.gz)?$/i.test(path) ? ['\t'] : [',', '\t', ';', '|'];
  const counted = candidates.map((delimiter) => ({ delimiter, columnCount: header.split(delimiter).length }));
  return counted.reduce((best, next) => (next.columnCount > best.columnCount ? next : best));
}

/** Options of DuckDB's reader. All that it could guess is fixed: it would rather skip lines or change the separator than report a broken row. */
export function csvOptions({ delimiter }: CsvHeader): readonly string[] {
  return [
    'header = true',
    'skip = 0',
    `delim = ${quoteText(delimiter)}`,
    `quote = '"'`,
    `escape = '"'`,
    `comment = ''`,
    'null_padding = false',
  ];
}

/** Reads all rows as text, so that a row with more or fewer fields than the header fails with its line number. */
export async function checkCsvRows(session: Session, path: string): Promise<void> {
  const header = await readCsvHeader(path);
  const columns = Array.from({ length: header.columnCount }, (_, index) => `'c${index}': 'VARCHAR'`);
  const options = [quoteText(globLiteral(path)), ...csvOptions(header), 'auto_detect = false', `columns = {${columns.join(', ')}}`];
  await session.rows(`SELECT count(*) AS rows FROM read_csv(${options.join(', ')})`);
}

async function readFirstLine(path: string): Promise<string> {
  let text = '';
  for await (const chunk of readUnpacked(path, HEADER_BYTES + 1)) {
    text += Buffer.from(chunk).toString('utf8');
    if (text.includes('\n') || text.length > HEADER_BYTES) break;
  }
  return text.split(/\r?\n/, 1)[0] ?? '';
}
