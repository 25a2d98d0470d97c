import type { Json } from '../contracts/json.ts';
import { RootstockError } from '../errors.ts';

/** The arguments of a torch class as a plan holds them. Read through the functions below, which add torch's default. */
export interface TorchArguments {
  /** Class name and section, for messages: `optimizer Adam`. */
  readonly owner: string;
  readonly values: Readonly<Record<string, Json>>;
}

/** Reads a finite number; `fallback` is torch's default. Throws STAGE_INVALID for anything else, and when a required one is absent. */
export function numberArgument(from: TorchArguments, key: string, fallback?: number): number {
  const value = from.values[key] ?? fallback;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw invalidArgument(from, key, 'a number');
}

/** Reads a whole number of at least `least`. Throws STAGE_INVALID otherwise. */
export function countArgument(from: TorchArguments, key: string, options: { readonly least: number; readonly fallback?: number }): number {
  const value = from.values[key] ?? options.fallback;
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= options.least) return value;
  throw invalidArgument(from, key, `a whole number of at least ${options.least}`);
}

/** Reads a flag. Throws STAGE_INVALID for anything else. */
export function flagArgument(from: TorchArguments, key: string, fallback: boolean): boolean {
  const value = from.values[key] ?? fallback;
  if (typeof value === 'boolean') return value;
  throw invalidArgument(from, key, 'true or false');
}

/** Reads one of several words. Throws STAGE_INVALID for anything else. */
export function choiceArgument<T extends string>(from: TorchArguments, key: string, choices: readonly [T, ...T[]]): T {
  const value = from.values[key] ?? choices[0];
  const choice = choices.find((word) => word === value);
  if (choice !== undefined) return choice;
  throw invalidArgument(from, key, `one of ${choices.join(', ')}`);
}

/** Reads a list of numbers of any length. Throws STAGE_INVALID for anything else. */
export function numbersArgument(from: TorchArguments, key: string, fallback?: readonly number[]): readonly number[] {
  const value = from.values[key] ?? fallback;
  if (Array.isArray(value)) {
    const numbers = value.filter((item): item is number => typeof item === 'number' && Number.isFinite(item));
    if (numbers.length === value.length) return numbers;
  }
  throw invalidArgument(from, key, 'a list of numbers');
}

/** Reads a pair such as `betas`. Throws STAGE_INVALID for anything else. */
export function pairArgument(from: TorchArguments, key: string, fallback: readonly [number, number]): readonly [number, number] {
  const [first, second, ...rest] = numbersArgument(from, key, fallback);
  if (first !== undefined && second !== undefined && rest.length === 0) return [first, second];
  throw invalidArgument(from, key, 'two numbers');
}

/** The error for an argument that cannot be used. Plans are checked before training, so a run file never reaches it. */
export function invalidArgument(from: TorchArguments, key: string, expected: string): RootstockError {
  const received = from.values[key] ?? null;
  return new RootstockError(
    'STAGE_INVALID',
    `${from.owner}.config.${key}: expected ${expected}, received ${JSON.stringify(received)}.\nFix: correct it in the run file's optimizer or scheduler section.`,
    { where: `${from.owner}.config.${key}`, expected, received },
  );
}
