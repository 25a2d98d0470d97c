import type { BackendName } from '../contracts/plan.ts';

/** Lightning's accelerator names that a run file may use. */
export type Accelerator = 'auto' | 'cpu' | 'gpu' | 'webgpu';

/** The backend an accelerator stands for: auto and cpu are wasm (the slow `cpu` oracle is reached by trainer.backend only), gpu is tensorflow. Loads no tensors. */
export function resolveAccelerator(accelerator: Accelerator): BackendName {
  return BACKEND_OF[accelerator];
}

const BACKEND_OF: Readonly<Record<Accelerator, BackendName>> = { auto: 'wasm', cpu: 'wasm', gpu: 'tensorflow', webgpu: 'webgpu' };
