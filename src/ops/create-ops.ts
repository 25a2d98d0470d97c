import { getBackend } from '@tensorflow/tfjs-core';
import { composedOps } from './composed-ops.ts';
import { fusedOps } from './fused-ops.ts';
import type { Ops } from './ops.ts';

/** The operations of a backend, by default the active one (call loadBackend first): our own kernels on wasm, composed of tfjs's elsewhere. */
export function createOps(backend: string | undefined = getBackend()): Ops {
  return backend === 'wasm' ? fusedOps() : composedOps();
}
