// Stands in for workflows/proxies.ts in one test: the mistake that replaying old histories has to find.
import type { StageActivities } from '../../src/contracts/stage-activities.ts';
import type { TaskQueues } from '../../src/contracts/workflow.ts';
import type { Cancelling } from '../../workflows/cancelling.ts';
import { createProxies as createRealProxies } from '../../workflows/proxies.ts';

/** The activities of a run, with match called before load. */
export function createProxies(queues: TaskQueues, cancelling: Cancelling): StageActivities {
  const real = createRealProxies(queues, cancelling);
  return {
    ...real,
    async load(input) {
      await real.match({ plan: input.plan, preTrained: null });
      return real.load(input);
    },
  };
}
