import { engine, findBackend } from '@tensorflow/tfjs-core';
import type { KeptThread } from '../data/graphs/builder-thread/keep-thread.ts';
import { threadsAlive } from '../data/graphs/builder-thread/start-thread.ts';
import { nextTurn } from './job-context.ts';

/** What a process has open, beside what it computes with. */
export interface Holdings {
  /** Tensors alive. */
  readonly tensors: number;
  /** Threads that build batches; one that waits for the next job knows nothing of this one. */
  readonly threads: number;
  /** Timers, sockets and calls of the system that are under way, by kind. */
  readonly active: ReadonlyMap<string, number>;
}

/** The wasm heap never shrinks: one that a stage has made larger than this would be memory that the next stage pays for. */
const MOST_HEAP_BYTES = 512 * 2 ** 20;

/** What this process holds now. Standard output and error count from the start: whatever uses one first, a thread for example, opens it for good. */
export function holdings({ isWaiting }: Pick<KeptThread, 'isWaiting'>): Holdings {
  void [process.stdout, process.stderr];
  const active = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo()) active.set(kind, (active.get(kind) ?? 0) + 1);
  return { tensors: engine().state.numTensors, threads: threadsAlive() - (isWaiting() ? 1 : 0), active };
}

/**
 * Whether nothing of a job is left that the next one could meet: no tensor, thread, timer or file access that was not there `before` it, and
 * a heap that is small.
 */
export async function hasLetGo(
  before: Holdings,
  keptThread: Pick<KeptThread, 'isWaiting'>,
  mostHeapBytes: number = MOST_HEAP_BYTES,
): Promise<boolean> {
  await nextTurn(); // what closes is gone in the next turn
  const now = holdings(keptThread);
  const isOld = ([kind, count]: readonly [string, number]) => count <= (before.active.get(kind) ?? 0);
  const isLess = now.tensors <= before.tensors && now.threads <= before.threads;
  return isLess && [...now.active].every(isOld) && heapBytes() <= mostHeapBytes;
}

/** Size of the wasm heap; 0 without one. */
function heapBytes(): number {
  const wasm = findBackend('wasm') as unknown as { readonly wasm: { readonly HEAPU8: Uint8Array } } | null;
  return wasm?.wasm.HEAPU8.byteLength ?? 0;
}
