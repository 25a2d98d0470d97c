import assert from 'node:assert/strict';
import test from 'node:test';
import { isRetryable, RootstockError } from '../../../src/errors.ts';
import type { WasmModule } from '../../../src/kernels/wasm/heap.ts';
import { guardMalloc } from '../../../src/kernels/wasm/malloc-guard.ts';

/** A module that hands out the given pointers and, like emscripten's, replaces its own malloc at the first call. */
function fakeModule(pointers: readonly number[]) {
  const queue = [64, ...pointers];
  const freed: number[] = [];
  const real = () => queue.shift() ?? 0;
  const module: WasmModule = {
    _malloc: () => {
      module._malloc = real;
      return real();
    },
    _free: (pointer) => void freed.push(pointer),
    HEAPU8: new Uint8Array(0),
  };
  return { module, freed };
}

const isOutOfMemory = (error: unknown) => error instanceof RootstockError && error.code === 'OUT_OF_MEMORY' && isRetryable(error.code);

void test('an allocation that fails is OUT_OF_MEMORY, not address 0', () => {
  const { module } = fakeModule([128, 0]);
  guardMalloc(module);
  assert.equal(module._malloc(16), 128);
  assert.throws(() => module._malloc(16), isOutOfMemory);
});

void test('an allocation in the last 256 MiB below 4 GiB is given back and refused', () => {
  const high = (2 ** 32 - 100 * 2 ** 20) | 0; // negative, as emscripten returns it
  const { module, freed } = fakeModule([high, 0x8000_0000 | 0]);
  guardMalloc(module);
  assert.throws(() => module._malloc(16), isOutOfMemory);
  assert.deepEqual(freed, [64, high]);
  assert.equal(module._malloc(16), 0x8000_0000 | 0);
});

void test('allocating nothing may give address 0, and guarding twice changes nothing', () => {
  const { module } = fakeModule([0]);
  guardMalloc(module);
  const once = module._malloc;
  guardMalloc(module);
  assert.equal(module._malloc, once);
  assert.equal(module._malloc(0), 0);
});
