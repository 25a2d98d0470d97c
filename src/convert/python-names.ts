import type { Json } from '../contracts/json.ts';

/** What JSON cannot hold, as Python prints it. */
export type NotFinite = 'inf' | '-inf' | 'nan';

/**
 * What a name of Python stands for without executing anything: a constant, a number that is none, or a scalar type around one literal.
 * `unwrap` gives undefined for a literal that the type does not take.
 */
export type NamedValue =
  | { readonly kind: 'constant'; readonly value: Json }
  | { readonly kind: 'not finite'; readonly value: NotFinite }
  | {
      readonly kind: 'scalar';
      readonly isFloat: boolean;
      readonly expected: string;
      readonly unwrap: (value: Json) => number | boolean | string | { readonly notFinite: NotFinite } | undefined;
    };

/** Python's constants, and JSON's, so that a mixture reads too. */
const CONSTANTS: Readonly<Record<string, Json>> = { True: true, False: false, None: null, true: true, false: false, null: null };

/** Infinity and NaN in Python's, numpy's, math's and JSON's words. */
const NOT_FINITE: Readonly<Record<string, NotFinite>> = { inf: 'inf', infinity: 'inf', Infinity: 'inf', nan: 'nan', NaN: 'nan' };

/** The meaning of a name, such as `True`, `np.float64` or `math.inf`; undefined for every other. */
export function namedValue(name: string): NamedValue | undefined {
  const [, library, word = ''] = /^(?:(np|numpy|math)\.)?([A-Za-z_0-9]+)$/u.exec(name) ?? [];
  if (Object.hasOwn(NOT_FINITE, word)) return { kind: 'not finite', value: NOT_FINITE[word] ?? 'nan' };
  if (library === undefined) {
    if (Object.hasOwn(CONSTANTS, word)) return { kind: 'constant', value: CONSTANTS[word] ?? null };
    return word === 'float' ? { kind: 'scalar', isFloat: true, expected: 'a number, or text such as "inf",', unwrap: toFloat } : undefined;
  }
  return library === 'math' ? undefined : numpyScalar(word);
}

/** How numpy 2 prints its scalars. */
function numpyScalar(word: string): NamedValue | undefined {
  if (word === 'True_' || word === 'False_') return { kind: 'constant', value: word === 'True_' };
  if (word === 'bool' || word === 'bool_') return scalar('True or False', (value) => (typeof value === 'boolean' ? value : undefined));
  if (word === 'str_') return scalar('text', (value) => (typeof value === 'string' ? value : undefined));
  if (/^u?int(8|16|32|64)$/u.test(word))
    return scalar('a whole number', (value) => (Number.isInteger(value) ? (value as number) : undefined));
  if (!/^(float(16|32|64)|longdouble)$/u.test(word)) return undefined;
  return { kind: 'scalar', isFloat: true, expected: 'a number', unwrap: toFloat };
}

function scalar(expected: string, unwrap: (value: Json) => number | boolean | string | undefined): NamedValue {
  return { kind: 'scalar', isFloat: false, expected, unwrap };
}

/** As Python's float: a number, or text that says one. */
function toFloat(value: Json): number | { readonly notFinite: NotFinite } | undefined {
  if (typeof value === 'number') return value;
  if (typeof value !== 'string') return undefined;
  const text = value.trim().toLowerCase();
  const [, sign = '', word = ''] = /^([+-]?)(inf|infinity|nan)$/u.exec(text) ?? [];
  if (word === 'nan') return { notFinite: 'nan' };
  if (word !== '') return { notFinite: sign === '-' ? '-inf' : 'inf' };
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/u.test(text)) return undefined;
  const number = Number(text);
  return Number.isFinite(number) ? number : { notFinite: number < 0 ? '-inf' : 'inf' };
}
