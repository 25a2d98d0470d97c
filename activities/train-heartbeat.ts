import { hostname } from 'node:os';
import type { Metrics } from '../src/contracts/json.ts';
import type { TrainHeartbeat } from '../src/contracts/run-state.ts';
import type { FromTrainer } from '../src/contracts/trainer-protocol.ts';

/** What the heartbeat of a train activity says, kept up to date from the trainer's messages. */
export interface TrainHeartbeatView {
  readonly stage: number;
  hear(message: FromTrainer): void;
  started(pid: number): void;
  waitFor(reason: string | null): void;
  snapshot(): number;
  details(phase?: string): TrainHeartbeat;
}

/** Creates the view of one attempt. `snapshotHint`: the newest snapshot known so far, 0 for none. */
export function createTrainHeartbeat(stage: number, snapshotHint: number): TrainHeartbeatView {
  let progress = { epoch: 0, step: 0, totalSteps: 0, maxEpochs: 0, metrics: {} as Metrics, stepsPerSecond: 0 };
  let snapshot = snapshotHint;
  let snapshotStep = 0;
  let resumedFromStep = 0;
  let trainerPid: number | null = null;
  let waitingFor: string | null = null;
  return {
    stage,
    hear(message) {
      if (message.type === 'progress') progress = message;
      if (message.type === 'resumed' || message.type === 'snapshot') {
        snapshot = message.snapshot;
        snapshotStep = message.step;
      }
      if (message.type === 'resumed') resumedFromStep = message.step;
    },
    started(pid) {
      trainerPid = pid;
    },
    waitFor(reason) {
      waitingFor = reason;
    },
    snapshot: () => snapshot,
    details(phase = 'wait') {
      const { step, totalSteps, epoch, maxEpochs, metrics, stepsPerSecond } = progress;
      return {
        progress: totalSteps === 0 ? '0 %' : `${Math.floor((100 * step) / totalSteps)} %`,
        step,
        totalSteps,
        epoch,
        maxEpochs,
        metrics,
        rate: `${stepsPerSecond.toFixed(1)} steps/s`,
        eta: stepsPerSecond > 0 ? `${Math.ceil((totalSteps - step) / stepsPerSecond)} s` : '?',
        snapshot,
        snapshotStep,
        resumedFromStep,
        phase,
        waitingFor,
        host: hostname(),
        trainerPid,
        stage,
      };
    },
  };
}
