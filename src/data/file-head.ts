import { createReadStream } from 'node:fs';
import { createGunzip } from 'node:zlib';

/** Bytes of a file as what it holds: those of a `.gz` are unpacked. Fails as the file system and zlib do. */
export function readUnpacked(path: string, most = Number.POSITIVE_INFINITY): AsyncIterable<Uint8Array> {
  const isZipped = path.endsWith('.gz');
  const file = createReadStream(path, isZipped || most === Number.POSITIVE_INFINITY ? {} : { end: most - 1 });
  if (!isZipped) return file;
  const unpacked = createGunzip();
  file.on('error', (error) => unpacked.destroy(error));
  unpacked.on('close', () => file.destroy());
  return file.pipe(unpacked);
}

/** The first bytes of what a file holds, fewer when there are no more. Fails as `readUnpacked` does. */
export async function readHead(path: string, length: number): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let read = 0;
  for await (const chunk of readUnpacked(path, length)) {
    parts.push(chunk);
    read += chunk.byteLength;
    if (read >= length) break;
  }
  return Buffer.concat(parts).subarray(0, length);
}
