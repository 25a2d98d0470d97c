import { createHash } from 'node:crypto';
import type { Weights } from '../contracts/tensors.ts';
import { RootstockError } from '../errors.ts';

/**
 * SHA-256 over frozen tensors, in hex: the freeze receipt. Equal before and after a stage means not one bit of them has changed.
 * Covers path, dtype, shape and bytes (little-endian) of each tensor, in sorted order of paths; buffers are given where frozen modules
 * run in eval mode. The digest of no tensors is that of the empty text. Throws INTERNAL when a path has no tensor.
 */
export function freezeDigest(weights: Weights, frozenPaths: readonly string[], bufferPaths: readonly string[] = []): string {
  const hash = createHash('sha256');
  for (const path of [...new Set([...frozenPaths, ...bufferPaths])].sort()) {
    const tensor = weights.get(path);
    if (tensor === undefined)
      throw new RootstockError('INTERNAL', `Bug in Rootstock: no weights for the frozen tensor "${path}".`, { path });
    hash.update(`${JSON.stringify([path, tensor.dtype, tensor.shape])}\n`);
    hash.update(new Uint8Array(tensor.data.buffer, tensor.data.byteOffset, tensor.data.byteLength));
  }
  return hash.digest('hex');
}
