/** A connection table as written: atoms from 0, parities not yet turned into tags. */
export interface ConnectionTable {
  readonly atoms: readonly { readonly number: number; readonly formalCharge: number; readonly parity: number }[];
  readonly bonds: readonly { readonly begin: number; readonly end: number; readonly type: number; readonly isEither: boolean }[];
  readonly coordinates: Float64Array;
}

/** Says what is wrong with a line of a mol block, 1-based; never returns. */
export type Reject = (line: number, text: string) => never;
