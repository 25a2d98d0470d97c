import { openSession, quoteName, quoteText } from './session.ts';

/** Rewrites lines of JSON as parquet. `types` gives DuckDB's type of each column, in the order of the columns. */
export async function jsonlToParquet(from: string, to: string, types: Readonly<Record<string, string>>): Promise<void> {
  const session = await openSession({ readable: 'any', threads: null });
  try {
    const columns = Object.entries(types).map(([name, type]) => `${quoteText(name)}: ${quoteText(type)}`);
    const names = Object.keys(types).map(quoteName);
    await session.run(
      `COPY (SELECT ${names.join(', ')} FROM read_json(${quoteText(from)}, format = 'newline_delimited', columns = {${columns.join(', ')}})) TO ${quoteText(to)} (FORMAT parquet)`,
    );
  } finally {
    session.close();
  }
}
