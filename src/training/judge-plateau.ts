import { decodeNumber } from '../contracts/json.ts';
import { RootstockError } from '../errors.ts';
import type { FitRun } from './fit-run.ts';

/**
 * Steps a ReduceLROnPlateau where Lightning 2.4 does: after a whole epoch, its validation included, every `frequency` epochs, by the newest
 * value of the monitor, be it of an earlier epoch. A monitor without a value is MONITOR_NOT_FOUND when strict, otherwise the epoch does
 * not count. Nothing happens with other schedulers.
 */
export function judgePlateau(run: FitRun): void {
  const { monitor, frequency = 1 } = run.setup.stage.scheduler ?? {};
  const before = run.monitor.plateau;
  if (monitor === undefined || before === undefined || run.plateau === null) return;
  if ((run.position.epoch + 1) % frequency !== 0) return;
  const value = run.position.metrics[monitor.name];
  if (value !== undefined) run.monitor = { ...run.monitor, plateau: run.plateau.next(before, decodeNumber(value)) };
  else if (monitor.strict) throw monitorNotFound(run, monitor.name);
}

function monitorNotFound({ position }: FitRun, name: string): RootstockError {
  return new RootstockError(
    'MONITOR_NOT_FOUND',
    `ReduceLROnPlateau watches "${name}", which has not been logged by the end of epoch ${position.epoch}.\nFix: name a logged metric, or set scheduler.strict: false.`,
    { monitor: name, epoch: position.epoch },
  );
}
