import type { StageActivities } from '../src/contracts/stage-activities.ts';
import { RootstockError } from '../src/errors.ts';
import { checkpoint } from './checkpoint.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { toActivityFailure } from './failure.ts';
import { freeze } from './freeze.ts';
import { load } from './load.ts';
import { match } from './match.ts';
import { plan } from './plan.ts';
import { publish } from './publish.ts';
import { train } from './train.ts';

/** Light activities, for the io queue. */
export type IoActivities = Pick<StageActivities, 'plan' | 'load' | 'match' | 'freeze' | 'checkpoint'>;

/** Activities that need a device, for the train queue. */
export type TrainActivities = Pick<StageActivities, 'train' | 'publish'>;

/** Binds the activities to what they need. */
export function createActivities(deps: ActivityDependencies): { readonly io: IoActivities; readonly train: TrainActivities } {
  return {
    io: {
      plan: (input) => coded(() => plan(deps, input)),
      load: (input) => coded(() => load(deps, input)),
      match: (input) => coded(() => match(deps, input)),
      freeze: (input) => coded(() => freeze(deps, input)),
      checkpoint: (input) => coded(() => checkpoint(deps, input)),
    },
    train: {
      train: (input) => coded(() => train(deps, input)),
      publish: (input) => coded(() => publish(deps, input)),
    },
  };
}

/** Results cross into history, where large payloads become endless quiet retries; bytes belong in the store. */
const MAX_RESULT_BYTES = 64 * 1024;

async function coded<T>(work: () => Promise<T>): Promise<T> {
  try {
    const result = await work();
    checkSize(result);
    return result;
  } catch (error) {
    throw toActivityFailure(error);
  }
}

function checkSize(result: unknown): void {
  const bytes = Buffer.byteLength(JSON.stringify(result));
  if (bytes > MAX_RESULT_BYTES) {
    throw new RootstockError(
      'PAYLOAD_TOO_LARGE',
      `An activity's result is ${bytes} bytes; at most ${MAX_RESULT_BYTES} may cross into history.`,
    );
  }
}
