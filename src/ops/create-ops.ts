import type { BackendName } from '../contracts/plan.ts';
import { composedOps } from './composed-ops.ts';
import { fusedOps } from './fused-ops.ts';
import type { Ops } from './ops.ts';

/** The operations of a loaded backend: our own kernels on wasm, composed of tfjs's elsewhere. */
export function createOps(backend: BackendName): Ops {
  return backend === 'wasm' ? fusedOps() : composedOps();
}
