import type { WasmModule } from './heap.ts';

/** A WebAssembly.Memory. */
export interface WasmMemory {
  readonly buffer: ArrayBufferLike;
}

/** The part of the WebAssembly API in use: TypeScript types it in the DOM library only. */
interface WebAssemblyApi {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: Readonly<Record<string, unknown>> };
  readonly Memory: new (descriptor: { readonly initial: number }) => WasmMemory;
  instantiate: (
    ...given: readonly unknown[]
  ) => Promise<{ readonly exports: object } | { readonly instance: { readonly exports: object } }>;
}

/** The engine's WebAssembly. */
export const webAssembly: WebAssemblyApi = (globalThis as unknown as { readonly WebAssembly: WebAssemblyApi }).WebAssembly;

/**
 * Runs what starts WebAssembly modules, and collects the memories that they export: emscripten keeps its own to itself and shows
 * views of it only. Select the wanted one by `memoryOf`.
 */
export async function collectMemories<T>(
  start: () => Promise<T>,
): Promise<{ readonly result: T; readonly memories: readonly WasmMemory[] }> {
  const memories: WasmMemory[] = [];
  const { instantiate } = webAssembly;
  const isMemory = (value: unknown): value is WasmMemory => value instanceof webAssembly.Memory;
  webAssembly.instantiate = async (...given) => {
    const started = await instantiate(...given);
    const { exports } = 'instance' in started ? started.instance : started;
    memories.push(...Object.values(exports).filter(isMemory));
    return started;
  };
  try {
    return { result: await start(), memories };
  } finally {
    webAssembly.instantiate = instantiate;
  }
}

/** The memory that a module's views show; undefined when it is not among these. */
export function memoryOf(module: WasmModule, memories: readonly WasmMemory[]): WasmMemory | undefined {
  const { HEAPU8: view } = module as WasmModule & { readonly HEAPU8: Uint8Array };
  return memories.find(({ buffer }) => buffer === view.buffer);
}
