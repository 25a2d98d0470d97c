import type { Context } from '@temporalio/activity';
import type { ProgressSignal } from '../src/contracts/run-state.ts';
import type { TrainerProgress } from '../src/contracts/trainer-protocol.ts';
import { PROGRESS_SIGNAL } from '../src/contracts/workflow.ts';

/** A signal costs about five history events, so at most 20 a stage, and never closer than 30 s. */
const MIN_INTERVAL_MS = 30_000;
const MIN_FRACTION = 1 / 20;

/** Tells the workflow now and then how far its stage is, so that a two-day stage is not at 0 %. */
export function createProgressSignaller(context: Context, stage: number): { progress(news: TrainerProgress): void } {
  let lastTime = Date.now();
  let lastFraction = 0;
  return {
    progress(news) {
      const fraction = news.step / Math.max(news.totalSteps, 1);
      if (Date.now() - lastTime < MIN_INTERVAL_MS || fraction - lastFraction < MIN_FRACTION) return;
      lastTime = Date.now();
      lastFraction = fraction;
      const { workflowId, runId } = context.info.workflowExecution ?? {};
      if (workflowId === undefined) return;
      const signal: ProgressSignal = { stage, step: news.step, epoch: news.epoch, metrics: news.metrics };
      // A lost signal costs a stale percentage only; the next one carries everything.
      context.client.workflow
        .getHandle(workflowId, runId)
        .signal(PROGRESS_SIGNAL, signal)
        .catch(() => undefined);
    },
  };
}
