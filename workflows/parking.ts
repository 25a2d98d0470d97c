import { ApplicationFailure, condition, defineUpdate, isCancellation, setHandler } from '@temporalio/workflow';
import type { Parked } from '../src/contracts/run-state.ts';
import { ABORT_UPDATE, RETRY_STAGE_UPDATE } from '../src/contracts/workflow.ts';
import { failureFacts, runFailure } from './failure.ts';

/** Where an activity runs, for the message of a parked run. */
export type ParkingPlace = Pick<Parked, 'activity' | 'stage'>;

/** Runs work; when it fails for good the run waits for a person instead of throwing finished stages away. */
export interface Parking {
  guard<T>(place: ParkingPlace, work: () => Promise<T>): Promise<T>;
}

/** Registers the Updates retryStage and abort. `onChange` hears when the run parks and when it goes on (null). */
export function createParking(onChange: (parked: Parked | null) => void): Parking {
  let parked: Parked | null = null;
  let decision: 'retry' | 'abort' | undefined;
  const decide = (choice: 'retry' | 'abort') => {
    decision = choice;
    return parked?.code ?? '';
  };
  const validator = () => {
    if (parked === null)
      throw ApplicationFailure.create({ type: 'RUN_NOT_PARKED', message: 'the run is not waiting for anyone', nonRetryable: true });
  };
  setHandler(defineUpdate<string>(RETRY_STAGE_UPDATE), () => decide('retry'), {
    validator,
    description: 'Runs the parked step again, from the last good snapshot.',
  });
  setHandler(defineUpdate<string>(ABORT_UPDATE), () => decide('abort'), {
    validator,
    description: 'Ends the parked run as failed. Finished stages stay in the store.',
  });

  return {
    async guard(place, work) {
      for (;;) {
        try {
          return await work();
        } catch (error) {
          if (isCancellation(error)) throw error;
          const facts = failureFacts(error);
          parked = { ...place, ...facts };
          decision = undefined;
          onChange(parked);
          try {
            await condition(() => decision !== undefined);
          } finally {
            parked = null; // also when a cancel ends the wait
          }
          if ((decision as 'retry' | 'abort' | undefined) === 'abort') throw runFailure(facts);
          onChange(null);
        }
      }
    },
  };
}
