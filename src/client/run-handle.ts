import { resolve } from 'node:path';
import type { RunStatus } from '../contracts/run-state.ts';
import type { RunDocument } from '../contracts/stage-activities.ts';
import { type ErrorCode, RootstockError } from '../errors.ts';
import { type BuildPlanOptions, planDefinition } from './build-plan.ts';
import { connectRootstock } from './connect.ts';
import { cancelRun } from './control-run.ts';
import { followRun, queryStatus } from './follow-run.ts';
import type { CompletedEvent, RunEvent } from './run-events.ts';
import { type StartOptions, startPlanned } from './start-run.ts';

/** How to start a run from code. */
export interface StartRunOptions extends BuildPlanOptions, StartOptions {}

/** A started run. It needs a worker (`createWorker`) to make progress. Close it. */
export interface RunHandle {
  readonly workflowId: string;
  readonly runId: string;
  /** What happens, until the run ends or waits for a person. */
  events(): AsyncGenerator<RunEvent>;
  /** Waits for the end. Rejects with the run's code: NEEDS_ATTENTION with the reason in details, CANCELLED, or what it failed with. */
  result(): Promise<CompletedEvent>;
  /** Where it is; undefined while no worker can answer. */
  status(): Promise<RunStatus | undefined>;
  /** Ends the run after its trainer has saved a snapshot. */
  cancel(): Promise<void>;
  /** Lets go of the server; the run goes on as long as it has a worker. */
  close(): Promise<void>;
}

/** Plans and starts a run, or attaches to it when it runs already. Errors: those of planning, RUN_CONFLICT, SERVER_UNAVAILABLE. */
export async function startRun(run: string | RunDocument, options: StartRunOptions = {}): Promise<RunHandle> {
  const planned = await planDefinition(run, options);
  const connected = await connectRootstock({ stateDir: resolve(options.stateDir ?? '.rootstock') });
  try {
    const { workflowId, runId } = await startPlanned(connected, planned, options);
    const target = { workflowId, runId };
    return {
      workflowId,
      runId,
      events: () => followRun(connected, target),
      async result() {
        for await (const event of followRun(connected, target)) {
          if (event.event === 'completed') return event;
          if (event.event === 'failed') throw new RootstockError(event.code as ErrorCode, event.message, { workflowId });
          if (event.event === 'cancelled') throw new RootstockError('CANCELLED', `The run "${workflowId}" was cancelled.`, { workflowId });
          if (event.event === 'needs_attention') throw new RootstockError('NEEDS_ATTENTION', event.message, { ...event });
        }
        throw new RootstockError('INTERNAL', `The run "${workflowId}" ended without a word.`);
      },
      status: () => queryStatus(connected.client, target),
      cancel: async () => void (await cancelRun(connected, workflowId)),
      close: () => connected.close(),
    };
  } catch (error) {
    await connected.close();
    throw error;
  }
}
