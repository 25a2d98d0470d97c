/**
 * Raised by hand whenever any number that training makes may change: generator, initialisation, kernels, optimizers, batching.
 * Part of every stage key, so that results of other numerics are never reused. Guarded by a golden-digest test.
 */
export const NUMERICS_VERSION = 3;
