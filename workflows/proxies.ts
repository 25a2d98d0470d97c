import { type ActivityOptions, CancellationScope, proxyActivities } from '@temporalio/workflow';
import type { StageActivities } from '../src/contracts/stage-activities.ts';
import type { TaskQueues } from '../src/contracts/workflow.ts';
import type { Cancelling } from './cancelling.ts';

/**
 * Timeouts and retries. heartbeatTimeout 15 s: workers heartbeat each second, so a dead worker is noticed within 15 s and a
 * busy machine has room. The first retry comes after 100 ms because a killed trainer is the usual cause.
 * WAIT_CANCELLATION_COMPLETED is set on purpose: the SDK's real default (TRY_CANCEL) closes the workflow while the trainer still runs.
 */
const COMMON = {
  heartbeatTimeout: '15 seconds',
  cancellationType: 'WAIT_CANCELLATION_COMPLETED',
  retry: { initialInterval: '100 milliseconds', backoffCoefficient: 2, maximumInterval: '30 seconds' },
} as const satisfies ActivityOptions;

/** Disk full, a lost store: up to about ten minutes of retries, then the run parks or fails. */
const IO_RETRY = { ...COMMON.retry, maximumAttempts: 25 } as const;

/** Failures of a trainer bring their own delay (activities/stage-lease.ts); what is left is a lost worker, where the heartbeat timeout was wait enough. */
const TRAIN_RETRY = { ...COMMON.retry, backoffCoefficient: 1 } as const;

/** No scheduleToClose and no cap on attempts: NO_PROGRESS ends a stage that gets nowhere. 30 days is the longest attempt. */
const TRAIN_TIMEOUT = '30 days';

/**
 * The activities of a run, on their task queues, each with a summary for the Temporal UI.
 * A cancel lets the attempt of checkpoint or publish that is at work finish (these activities do not stop for it, and their result stands),
 * and ends the wait for another attempt. An attempt of any activity that fails after the cancel ends the run as cancelled.
 */
export function createProxies(queues: TaskQueues, cancelling: Cancelling): StageActivities {
  const io = proxyActivities<StageActivities>({ ...COMMON, taskQueue: queues.io, startToCloseTimeout: '6 hours', retry: IO_RETRY });
  const train = proxyActivities<StageActivities>({
    ...COMMON,
    taskQueue: queues.train,
    startToCloseTimeout: TRAIN_TIMEOUT,
    retry: TRAIN_RETRY,
    allowEagerDispatch: false,
  });
  const test = proxyActivities<StageActivities>({
    ...COMMON,
    taskQueue: queues.train,
    startToCloseTimeout: '6 hours',
    retry: IO_RETRY,
    allowEagerDispatch: false,
  });
  const { guard } = cancelling;
  return {
    plan: (input) => guard(() => io.plan.executeWithOptions({ summary: `Plan ${input.run.source}` }, [input])),
    load: (input) => guard(() => io.load.executeWithOptions({ summary: 'Load the pre-trained model and the data' }, [input])),
    match: (input) => guard(() => io.match.executeWithOptions({ summary: 'Match pre-trained modules to the new model' }, [input])),
    freeze: (input) => guard(() => io.freeze.executeWithOptions({ summary: `Freeze modules of stage ${input.stage + 1}` }, [input])),
    train: (input) => guard(() => train.train.executeWithOptions({ summary: `Train stage ${input.stage + 1}` }, [input])),
    checkpoint: (input) => {
      const options = { summary: `Checkpoint stage ${input.stage + 1}` };
      if (!cancelling.betweenAttempts) return CancellationScope.nonCancellable(() => io.checkpoint.executeWithOptions(options, [input]));
      if (!cancelling.isRequested()) return guard(() => io.checkpoint.executeWithOptions(options, [input]));
      // The run was cancelled when its trainer had all but finished: the stage is kept if one attempt can do it.
      const once = { ...options, retry: { maximumAttempts: 1 } };
      return guard(() => CancellationScope.nonCancellable(() => io.checkpoint.executeWithOptions(once, [input])));
    },
    publish: (input) => {
      const options = { summary: 'Evaluate and publish' };
      if (cancelling.betweenAttempts) return guard(() => test.publish.executeWithOptions(options, [input]));
      return CancellationScope.nonCancellable(() => test.publish.executeWithOptions(options, [input]));
    },
  };
}
