import { RootstockError } from '../errors.ts';

/** Reads the whole number of at least 1 that an option takes. USAGE otherwise. */
export function wholeNumber(option: string, text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 1) return value;
  throw new RootstockError('USAGE', `${option}: expected a whole number of at least 1, received "${text}".`);
}
