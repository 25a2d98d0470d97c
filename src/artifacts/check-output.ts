import { basename, join } from 'node:path';
import type { Json, JsonObject } from '../contracts/json.ts';
import { RootstockError } from '../errors.ts';
import { storeIo, unlessErrno } from './fs-errors.ts';
import { type FsPort, nodeFs } from './fs-port.ts';
import { closeQuietly, openRegular, readFully } from './fs-verify.ts';

/** Name of the file that says which run made a directory. */
export const OUTPUT_MARKER = 'manifest.json';

/** What is at an output path: nothing (or an empty directory), or an earlier output of the same run name with its manifest. */
export type OutputState = { readonly kind: 'free' } | { readonly kind: 'earlier'; readonly manifest: JsonObject };

/** No manifest of ours is larger; a file that is belongs to somebody else. */
const MAX_MARKER_BYTES = 64 * 1024 * 1024;

/** Looks at the place where a run's output goes. OUTPUT_EXISTS when it is anything but free or an earlier output of this run name. */
export async function checkOutput(output: string, runName: string, fs: FsPort = nodeFs): Promise<OutputState> {
  const stat = await storeIo('inspect', output, () => unlessErrno(['ENOENT', 'ENOTDIR'], () => fs.lstat(output)));
  if (stat === undefined) return { kind: 'free' };
  if (stat.kind !== 'directory') throw occupied(output, stat.kind === 'symlink' ? 'it is a symbolic link' : 'it is not a directory');
  const manifest = await readMarker(fs, output);
  if (manifest === undefined) {
    const names = await storeIo('list', output, () => fs.readdir(output));
    if (names.length === 0) return { kind: 'free' };
    throw occupied(output, `it holds files that no run of Rootstock made (${names.slice(0, 3).join(', ')})`);
  }
  if (manifest.name !== runName) throw occupied(output, `it is the output of the run ${JSON.stringify(manifest.name)}`);
  return { kind: 'earlier', manifest };
}

/** Reads the manifest of an output directory; undefined when it is not one that `publishDirectory` made. */
export async function readMarker(fs: FsPort, directory: string): Promise<JsonObject | undefined> {
  const path = join(directory, OUTPUT_MARKER);
  const opened = await openRegular(fs, path);
  if (typeof opened === 'string') return undefined;
  try {
    if (opened.stat.size > MAX_MARKER_BYTES) return undefined;
    const bytes = new Uint8Array(opened.stat.size);
    if (!(await readFully(opened.file, path, { into: bytes, position: 0 }))) return undefined;
    return toMarker(Buffer.from(bytes).toString('utf8'));
  } finally {
    await closeQuietly(opened.file);
  }
}

/** Other programs' manifest.json have names too; only ours lists its files. */
function toMarker(text: string): JsonObject | undefined {
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const marker = value as JsonObject;
  const ours = typeof marker.name === 'string' && typeof marker.files === 'object' && marker.files !== null && !Array.isArray(marker.files);
  return ours ? marker : undefined;
}

function occupied(output: string, why: string): RootstockError {
  return new RootstockError(
    'OUTPUT_EXISTS',
    `The output "${output}" belongs to something else: ${why}.\nFix: set output.path to another directory${basename(output) === '' ? '' : `, or move "${basename(output)}" away`}.`,
    { output },
  );
}
