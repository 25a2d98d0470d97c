import type { Tensor } from '@tensorflow/tfjs-core';
import { tensor } from '@tensorflow/tfjs-core';
import type { TensorData } from '../contracts/tensors.ts';
import { RootstockError } from '../errors.ts';
import { readValues } from './read-values.ts';

/** Puts host values on the device. `int64` becomes tfjs's int32 (step counters never reach 2^31). The values are copied. */
export function uploadTensor(data: TensorData): Tensor {
  return tensor(data.data.slice(), [...data.shape], data.dtype === 'int64' ? 'int32' : 'float32');
}

/** Reads a tensor back to the host; int32 becomes `int64`. Waits for the device. The result is the caller's own copy. */
export async function downloadTensor(source: Tensor): Promise<TensorData> {
  const shape = [...source.shape];
  if (source.dtype === 'float32') return { shape, dtype: 'float32', data: await readValues(source) };
  const values = await source.data();
  if (values instanceof Int32Array) return { shape, dtype: 'int64', data: values.slice() };
  throw new RootstockError('INTERNAL', `a ${source.dtype} tensor of shape [${shape.join(', ')}] cannot be kept in a training state`, {
    dtype: source.dtype,
  });
}

/** Reads a record or map of tensors in the order of its keys. */
export async function downloadTensors(tensors: ReadonlyMap<string, Tensor>): Promise<Map<string, TensorData>> {
  const result = new Map<string, TensorData>();
  for (const [path, source] of tensors) result.set(path, await downloadTensor(source));
  return result;
}
