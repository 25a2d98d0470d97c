import type { TensorData, Weights } from '../../contracts/tensors.ts';
import { compareNames } from '../safetensors/read.ts';
import { checkWeights, widenInt64 } from '../safetensors/write.ts';
import { pickleStateDict } from './write-pickle.ts';
import { type ZipFile, zipToChunks } from './write-zip.ts';

/** How to write a torch file. */
export interface WriteTorchOptions {
  /** Name of the folder inside the archive, which torch.load does not look at; torch.save takes the file's name without its extension. */
  readonly root: string;
  /** True: {"state_dict": ...} as molflux and Lightning write it; false: the state_dict alone. */
  readonly checkpoint: boolean;
}

/**
 * Writes weights as a file of torch.save that `torch.load(path, weights_only=True)` reads (torch 1.6 and later): tensors by name in byte
 * order, float32 and int64, little-endian. Equal weights make equal bytes. Chunks are views of the weights: use each before the next, and
 * before the weights change.
 */
export function* torchToChunks(weights: Weights, { root, checkpoint }: WriteTorchOptions): Generator<Uint8Array> {
  checkWeights(weights);
  const tensors = [...weights]
    .sort(([left], [right]) => compareNames(left, right))
    .map(([path, tensor], index) => ({ path, tensor, key: String(index) }));
  const pickle = pickleStateDict(
    tensors.map(({ path, tensor: { shape, dtype, data }, key }) => ({
      path,
      shape,
      key,
      storage: dtype === 'int64' ? 'LongStorage' : 'FloatStorage',
      elements: data.length,
    })),
    { checkpoint },
  );
  yield* zipToChunks([
    bytesFile(`${root}/data.pkl`, pickle),
    bytesFile(`${root}/byteorder`, Buffer.from('little')),
    ...tensors.map(({ tensor, key }) => tensorFile(`${root}/data/${key}`, tensor)),
    bytesFile(`${root}/version`, Buffer.from('3\n')),
  ]);
}

function bytesFile(name: string, bytes: Uint8Array): ZipFile {
  return { name, byteLength: bytes.byteLength, chunks: () => [bytes] };
}

function tensorFile(name: string, { data, dtype }: TensorData): ZipFile {
  const chunks = () => (data instanceof Int32Array ? widenInt64(data) : [new Uint8Array(data.buffer, data.byteOffset, data.byteLength)]);
  return { name, byteLength: data.length * (dtype === 'int64' ? 8 : 4), chunks };
}
