/** A run file's text may have at most this many bytes (1 MiB). */
export const MAX_BYTES = 1_048_576;

/** Mappings and lists may be nested at most this deep; the deepest key of a run file is at depth 10. */
export const MAX_DEPTH = 32;

/** A run file may hold at most this many values; aliases count with what they stand for. */
export const MAX_VALUES = 50_000;

/** A run file may use at most this many YAML aliases. */
export const MAX_ALIASES = 10;

/** A run file may have at most this many lexical tokens; the parser needs about 1 KB for each. */
export const MAX_LEXEMES = 400_000;

/** Key names that could reach an object's prototype: refused everywhere. */
export const FORBIDDEN_KEYS: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);
