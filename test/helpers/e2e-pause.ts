import type { ForwardContext } from '../../src/models/definition.ts';

/** Environment variable with the milliseconds that a training batch is slowed down by, so that a test can hit the middle of a stage. Changes no number. */
export const DELAY_ENV = 'ROOTSTOCK_E2E_DELAY_MS';

/** Waits in training, not in eval mode. `head` is a module that no test freezes. */
export function pauseTraining(ctx: ForwardContext, head = 'pooling_head'): void {
  const ms = Number(process.env[DELAY_ENV] ?? 0);
  if (ms > 0 && ctx.mode(head) === 'train') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
