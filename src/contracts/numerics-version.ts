/**
 * Raised by hand whenever any number that training makes may change: generator, initialisation, kernels, optimizers, batching, the losses that monitors compare.
 * Part of every stage key, so that results of other numerics are never reused. Guarded by a golden-digest test.
 */
export const NUMERICS_VERSION = 4;
