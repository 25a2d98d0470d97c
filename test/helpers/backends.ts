import type { BackendName } from '../../src/contracts/plan.ts';
import { findPackage, TENSORFLOW_PACKAGES } from '../../src/kernels/packages.ts';

const hasTensorflow = TENSORFLOW_PACKAGES.some((name) => findPackage(name) !== undefined);

/** The backends that tests compute on: those that come with Rootstock, and tensorflow where its package is installed (.ci/deep installs it). */
export const BACKENDS: readonly BackendName[] = hasTensorflow ? ['wasm', 'cpu', 'tensorflow'] : ['wasm', 'cpu'];
