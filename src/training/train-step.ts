import { dispose, type Scalar } from '@tensorflow/tfjs-core';
import { encodeNumber } from '../contracts/json.ts';
import { windowOf } from './accumulation.ts';
import { BATCHES_AHEAD } from './batch-source.ts';
import { type Rows, rowsOfBatch } from './batches.ts';
import { stepBudgetMs } from './budgets.ts';
import { checkGradients } from './check-gradients.ts';
import { drainLosses } from './check-losses.ts';
import { type Due, measure } from './end-epoch.ts';
import { type FitRun, lastLr, orderOf, type Position } from './fit-run.ts';
import { groupRates } from './group-rates.ts';
import { judgePlateau } from './judge-plateau.ts';
import { type StopReason, stopReason } from './stop-reason.ts';
import { trainWindow, type Window } from './train-window.ts';
import { isValidationDue } from './validation-due.ts';

/** A window of the epoch at hand: its batches and their rows. */
interface PlannedWindow extends Window {
  readonly first: number;
  readonly rows: readonly Rows[];
}

/** Trains one optimizer step and everything that is due after it: logging, and at the end of an epoch validation. The state is whole again afterwards. */
export async function trainStep(run: FitRun): Promise<void> {
  const { setup, deps, meter, state } = run;
  const { epoch, step } = run.position;
  const window = planWindow(run);
  deps.events.phase('step', run.stepBudgetMs);
  await trainWindow(
    run,
    window,
    {
      loss: (index, loss) => meter.add({ loss, samples: window.samples[index] ?? 0, epoch, batch: window.first + index, step: step + 1 }),
      parameter: (path, next) => state.replaceParameter(path, next),
      buffer: (path, next) => state.replaceBuffer(path, next),
      spare: (path) => state.spare.get(path),
      gradients: setup.stage.trainer.detectAnomaly === true ? (gradients) => checkGradients(run, gradients) : null,
    },
    deps.nextTurn,
  );
  const rows = rowIds(setup.train, window.rows);
  deps.sampleLog.append({ step: step + 1, epoch, batch: window.first, rows });
  run.position = movedOn(run.position, {
    epoch,
    step: step + 1,
    batch: window.first + window.samples.length,
    samplesSeen: run.position.samplesSeen + rows.length,
    stoppedBy: null,
  });
  run.lastSettings = window.settings;
  run.average?.update(run.position.step);
  const isLogged = run.position.step % setup.stage.trainer.logEveryNSteps === 0;
  if (isLogged || meter.isFull()) await drainLosses(run);
  if (isLogged) logStep(run);
  const due = dueAfter(run);
  if (due.validation || due.epochEnd) await finishStep(run, due);
}

/** One forward, backward and update on the first batches, thrown away: surfaces what a model or backend cannot do, and measures a step. */
export async function dryRun(run: FitRun): Promise<void> {
  const started = run.deps.now();
  const losses: Scalar[] = [];
  const discard = ({ parameter, slots }: Parameters<FitRun['state']['replaceParameter']>[1]) =>
    dispose([parameter, ...Object.values(slots)]);
  await trainWindow(
    run,
    planWindow(run),
    { loss: (_, loss) => losses.push(loss), parameter: (_, next) => discard(next), buffer: (_, next) => next.dispose(), gradients: null },
    run.deps.nextTurn,
  );
  // Reading waits for the device, so the measurement covers the work.
  for (const loss of losses) {
    await loss.data();
    loss.dispose();
  }
  run.stepBudgetMs = stepBudgetMs(run.deps.now() - started);
}

function rowIds(data: FitRun['setup']['train'], windows: readonly Rows[]): readonly string[] {
  const ids: string[] = [];
  for (const rows of windows) for (let at = 0; at < rows.length; at += 1) ids.push(data.rowId(rows[at] as number));
  return ids;
}

function planWindow(run: FitRun): PlannedWindow {
  const { stage } = run.setup;
  const { epoch, batch, step } = run.position;
  const { first, end } = windowOf(batch, stage.batchesPerEpoch, stage.trainer.accumulateGradBatches);
  const order = orderOf(run, epoch);
  const rows = Array.from({ length: end - first }, (_, index) => rowsOfBatch(order, first + index, stage.datamodule.train.batchSize));
  // The window after this one, at least, is built while this one is computed.
  run.batches.train.expect?.(nextRows(run, Math.max(BATCHES_AHEAD, 2 * rows.length)));
  return {
    first,
    rows,
    samples: rows.map(({ length }) => length),
    batchCounter: epoch * stage.batchesPerEpoch + first,
    load: (index) => run.batches.train.load(rows[index] ?? new Uint32Array(0)),
    settings: run.scheduler.settingsAt({ step, epoch, plateau: run.monitor.plateau }),
  };
}

/** Rows of the next batches from the position on, also those of the next epoch; fewer at the end of the last one. */
function nextRows(run: FitRun, count: number): readonly Rows[] {
  const { batchesPerEpoch, datamodule, trainer } = run.setup.stage;
  const next: Rows[] = [];
  for (
    let { epoch, batch } = run.position;
    next.length < count && (trainer.maxEpochs < 0 || epoch < trainer.maxEpochs);
    epoch += 1, batch = 0
  ) {
    const end = Math.min(batchesPerEpoch, batch + count - next.length);
    for (const order = orderOf(run, epoch); batch < end; batch += 1) next.push(rowsOfBatch(order, batch, datamodule.train.batchSize));
  }
  return next;
}

type Move = Pick<Position, 'epoch' | 'step' | 'batch' | 'samplesSeen' | 'stoppedBy'>;

/** Key by key: V8 takes far longer for a spread whose properties are written over. */
function movedOn({ metrics, stopRequested }: Position, { epoch, step, batch, samplesSeen, stoppedBy }: Move): Position {
  return { epoch, batch, step, samplesSeen, metrics, stopRequested, stoppedBy };
}

function logStep(run: FitRun): void {
  run.logged = { 'train/total/loss_step': encodeNumber(run.meter.stepLoss()), lr: lastLr(run) };
  run.ledger.addStep(run.position, { ...run.logged, ...groupRates(run.setup.stage, run.lastSettings) });
}

/** What is due after an optimizer step, and what decides whether the stage goes on. */
interface DueAfter extends Due {
  readonly epochDone: boolean;
  /** Whole epochs done, this one included. */
  readonly epochs: number;
  readonly outOfTime: boolean;
}

function dueAfter(run: FitRun): DueAfter {
  const { batchesPerEpoch, trainer } = run.setup.stage;
  const { epoch, batch } = run.position;
  const epochDone = batch >= batchesPerEpoch;
  const at = { epochs: epoch + (epochDone ? 1 : 0), outOfTime: hasTimePassed(run) };
  // Nothing is trained after the last step; a validation then always runs, so that "best" exists whenever there is a validation split.
  const isLast = stops(run, at) !== null;
  const validation = isLast || isValidationDue(trainer, { epoch, batch, batchesPerEpoch });
  return { validation, epochEnd: isLast || epochDone, epochDone, epochs: at.epochs, outOfTime: at.outOfTime };
}

async function finishStep(run: FitRun, due: DueAfter): Promise<void> {
  const { validation, epochEnd, epochDone, epochs } = due;
  await measure(run, { validation, epochEnd });
  const stoppedBy = stops(run, due);
  // A validation within the epoch has ended the stage.
  if (stoppedBy !== null && !epochEnd) await measure(run, { validation: false, epochEnd: true });
  if (epochEnd || stoppedBy !== null) run.average?.endEpoch(run.position.epoch);
  if (epochDone) judgePlateau(run);
  const { step, batch, samplesSeen } = run.position;
  run.position = movedOn(run.position, { epoch: epochs, step, batch: epochDone ? 0 : batch, samplesSeen, stoppedBy });
}

function stops({ setup, position }: FitRun, { epochs, outOfTime }: Pick<DueAfter, 'epochs' | 'outOfTime'>): StopReason | null {
  return stopReason(setup.stage.trainer, { epoch: epochs, step: position.step, stopRequested: position.stopRequested, outOfTime });
}

function hasTimePassed(run: FitRun): boolean {
  const { maxTimeSeconds } = run.setup.stage.trainer;
  return maxTimeSeconds !== undefined && run.deps.now() - run.startedAt >= maxTimeSeconds * 1000;
}
