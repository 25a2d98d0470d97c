import { join } from 'node:path';
import { storeIo, unlessErrno } from './fs-errors.ts';
import { buildLayout } from './fs-layout.ts';
import { type FsPort, nodeFs } from './fs-port.ts';
import { sweepTemp } from './fs-temp.ts';
import { requireStore } from './gc.ts';

/** Files and bytes of one part of a store. */
export interface PartUse {
  readonly files: number;
  readonly bytes: number;
}

/** What a store's directory holds, by part. */
export interface DiskUse {
  readonly blobs: PartUse;
  readonly documents: PartUse;
  readonly temporary: PartUse;
  readonly quarantine: PartUse;
  readonly totalBytes: number;
}

/** Measures a store's directory. FILE_NOT_FOUND when there is no store. */
export async function diskUse(directory: string, fs: FsPort = nodeFs): Promise<DiskUse> {
  const layout = buildLayout(await requireStore(fs, directory));
  const refs = await measure(fs, layout.refs);
  const pointers = await measure(fs, layout.pointers);
  const parts = {
    blobs: await measure(fs, layout.blobs),
    documents: { files: refs.files + pointers.files, bytes: refs.bytes + pointers.bytes },
    temporary: await measure(fs, layout.tmp),
    quarantine: await measure(fs, layout.quarantine),
  };
  return { ...parts, totalBytes: Object.values(parts).reduce((sum, { bytes }) => sum + bytes, 0) };
}

/** Removes the temporary files in a store that no living process can be writing. FILE_NOT_FOUND when there is no store. */
export async function sweepTmp(directory: string, fs: FsPort = nodeFs): Promise<PartUse> {
  return sweepTemp(fs, buildLayout(await requireStore(fs, directory)).tmp);
}

async function measure(fs: FsPort, directory: string): Promise<PartUse> {
  let [files, bytes] = [0, 0];
  const names = await storeIo('list', directory, () => unlessErrno(['ENOENT', 'ENOTDIR'], () => fs.readdir(directory)));
  for (const name of names ?? []) {
    const path = join(directory, name);
    const stat = await storeIo('inspect', path, () => unlessErrno(['ENOENT'], () => fs.lstat(path)));
    if (stat === undefined) continue;
    const below = stat.kind === 'directory' ? await measure(fs, path) : { files: 1, bytes: stat.size };
    files += below.files;
    bytes += below.bytes;
  }
  return { files, bytes };
}
