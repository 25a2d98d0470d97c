import type { FileDType } from '../safetensors/header.ts';

// What a pickle of torch can hold, as inert data. Nothing here is ever called.

/** A value of a pickle. A `foreign` value stands for whatever another program would have built there; it has no content. */
export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | PickleBytes
  | PickleSequence
  | PickleDict
  | PickleStorage
  | PickleTensor
  | PickleGlobal
  | PickleForeign;

/** Bytes; only their number is kept. */
export interface PickleBytes {
  readonly kind: 'bytes';
  readonly byteLength: number;
}

export type PickleSequence = PickleItems<'list'> | PickleItems<'tuple'> | PickleItems<'set'>;

interface PickleItems<K extends string> {
  readonly kind: K;
  readonly items: PickleValue[];
}

/** A dict or OrderedDict in the order of the file. */
export interface PickleDict {
  readonly kind: 'dict';
  readonly keys: PickleValue[];
  readonly values: PickleValue[];
}

/** A named file of the archive: `elements` values of one type. */
export interface PickleStorage {
  readonly kind: 'storage';
  readonly key: string;
  readonly dtype: FileDType;
  readonly elements: number;
}

/** A view of a storage, as torch._utils._rebuild_tensor_v2 describes it; still unchecked. Numbers count elements. */
export interface PickleTensor {
  readonly kind: 'tensor';
  readonly storage: PickleStorage;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

/** A name of the allow-list. */
export interface PickleGlobal {
  readonly kind: 'global';
  readonly name: string;
}

/** A class or function that is not on the allow-list, or what it would have made: its name, and the byte of data.pkl that asks for it. */
export interface PickleForeign {
  readonly kind: 'foreign';
  readonly name: string;
  readonly at: number;
}

/** What a value is, in words. */
export function describeValue(value: PickleValue): string {
  if (value === null) return 'None';
  if (typeof value === 'object') return value.kind === 'foreign' || value.kind === 'global' ? value.name : `a ${value.kind}`;
  return typeof value === 'string' ? 'a text' : typeof value === 'boolean' ? 'a boolean' : 'a number';
}
