import { RootstockError } from '../errors.ts';

/** A row that cannot be featurised. One line: the column, what is expected, what was found; the caller adds the row. */
export function moleculeError(column: string, text: string, details: Readonly<Record<string, unknown>> = {}): RootstockError {
  return new RootstockError('MOLECULE_INVALID', `${column}: ${text}`, { column, ...details });
}
