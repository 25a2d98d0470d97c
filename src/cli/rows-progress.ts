import type { FromTrainer } from '../contracts/trainer-protocol.ts';
import { formatCount, formatNamed } from '../reports/format.ts';
import type { Output } from './output.ts';

/** Shows how many rows a trainer has done, and how fast. */
export function rowsProgress(output: Output, verb: string): (message: FromTrainer) => void {
  const started = performance.now();
  return (message) => {
    if (message.type !== 'rows') return;
    const seconds = (performance.now() - started) / 1000;
    output.progress(`${verb} ${formatNamed(message.rows, 'row')} (${formatCount(Math.round(message.rows / seconds))} per second)`);
  };
}
