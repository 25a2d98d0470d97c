import type { TensorData } from '../contracts/tensors.ts';
import { composeMessage, RootstockError } from '../errors.ts';
import { frozenBuffers } from '../transfer/freeze.ts';
import type { FitRun } from './fit-run.ts';
import { downloadTensor } from './tensor-data.ts';

/**
 * Reads every frozen parameter, and every buffer of a module frozen in eval mode, back from the device and compares it bit for bit with the
 * stage's input. FROZEN_CHANGED (a bug or broken memory; a retry does not help).
 */
export async function verifyFrozen(run: FitRun): Promise<void> {
  const { stage, tree, inputWeights } = run.setup;
  const buffers = new Set(stage.trainer.frozenModulesMode === 'eval' ? frozenBuffers(stage.mask, tree) : []);
  const still = [...run.state.frozen, ...[...run.state.buffers].filter(([path]) => buffers.has(path))];
  const changed: string[] = [];
  for (const [path, tensor] of still) if (!equalBits(await downloadTensor(tensor), inputWeights.get(path))) changed.push(path);
  if (changed.length === 0) return;
  const problems = changed.map((path) => ({ where: path, text: 'differs from the input of the stage' }));
  throw new RootstockError('FROZEN_CHANGED', composeMessage(`Training stage "${stage.name}" has changed frozen tensors.`, problems), {
    changed,
  });
}

function equalBits(left: TensorData, right: TensorData | undefined): boolean {
  return right !== undefined && Buffer.compare(bytes(left), bytes(right)) === 0;
}

function bytes({ data }: TensorData): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
