import type { FromTrainer } from '../contracts/trainer-protocol.ts';
import { type ErrorCode, RootstockError } from '../errors.ts';

/** Turns what a job threw into the trainer's last word: its code, OUT_OF_MEMORY where an allocation failed, else INTERNAL with the stack. */
export function failedMessage(error: unknown): Extract<FromTrainer, { readonly type: 'failed' }> {
  if (error instanceof RootstockError) {
    return { type: 'failed', code: error.code, message: error.message, details: JSON.stringify(error.details) };
  }
  const cause = error instanceof Error ? error : new Error(String(error));
  const code: ErrorCode = isAllocationFailure(cause) ? 'OUT_OF_MEMORY' : 'INTERNAL';
  return { type: 'failed', code, message: `${cause.message}\n${cause.stack ?? ''}`.trim(), details: '{}' };
}

/** V8's words for a failed array, WebAssembly's for a failed memory.grow, TensorFlow's for a full device. */
function isAllocationFailure({ name, message }: Error): boolean {
  if (name === 'RangeError') return /allocation failed|could not allocate|out of memory|maximum memory size/iu.test(message);
  return /OOM when allocating|RESOURCE_EXHAUSTED/u.test(message);
}
