import { RootstockError } from '../../errors.ts';
import type { WasmModule } from './heap.ts';

/** A 32-bit module ends at 4 GiB. */
const ADDRESS_SPACE = 2 ** 32;

/** Bytes kept free below that end for what C++ allocates by itself (packed weights, scratch): its failures are only logged. */
const HEADROOM = 256 * 2 ** 20;

const guarded = new WeakSet<WasmModule>();

/**
 * Makes allocation failures of the wasm heap errors: OUT_OF_MEMORY (retryable). Without it `malloc` returns 0 past 4 GiB and tensors
 * silently share memory. A second call does nothing.
 */
export function guardMalloc(module: WasmModule): void {
  if (guarded.has(module)) return;
  // Emscripten's stub replaces itself at its first call; a wrapper put around the stub would be lost.
  module._free(module._malloc(8));
  const malloc = module._malloc;
  module._malloc = (byteLength) => {
    const pointer = malloc(byteLength);
    const start = pointer >>> 0; // above 2 GiB the pointer comes as a negative number
    const failed = start === 0 && byteLength > 0;
    if (!failed && start + byteLength <= ADDRESS_SPACE - HEADROOM) return pointer;
    if (!failed) module._free(pointer);
    throw outOfMemory(byteLength);
  };
  guarded.add(module);
}

function outOfMemory(byteLength: number): RootstockError {
  return new RootstockError(
    'OUT_OF_MEMORY',
    `The wasm backend's memory is full: ${byteLength} more bytes do not fit into its 4 GiB.\nFix: a smaller batch_size or model, or the tensorflow backend (trainer.accelerator: gpu).`,
    { byteLength },
  );
}
