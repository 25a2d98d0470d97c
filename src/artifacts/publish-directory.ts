import { basename, dirname, join } from 'node:path';
import type { JsonObject } from '../contracts/json.ts';
import type { Ref } from '../contracts/refs.ts';
import { checkOutput, OUTPUT_MARKER, readMarker } from './check-output.ts';
import { makeDurablePath, syncDirectory } from './fs-directory.ts';
import { errnoOf, isLasting, pathOf, storeIo, storeIoError, unlessErrno } from './fs-errors.ts';
import { type FsPort, nodeFs } from './fs-port.ts';
import { removeFlatDirectory, stagedName, stageFiles, sweepStaged } from './publish-staging.ts';
import { hasFiles, publishedAlready } from './published-already.ts';
import { isFileName, type PublishDirectoryInput } from './published-file.ts';
import { toUnwritable } from './writable-output.ts';

/** What became of it. */
export interface PublishedDirectory {
  readonly output: string;
  /** False: the same content was there already. */
  readonly changed: boolean;
  /** Former outputs that hold files which were not part of them; they are left for their owner. */
  readonly kept: readonly string[];
}

/** How often the swap starts over when another attempt of the same publication gets between its two renames. */
const SWAP_ATTEMPTS = 8;

/**
 * Publishes an output directory: everything is written and made durable in a sibling `<output>.staged-...`, an earlier output of the same
 * run is renamed to `<output>.old-<n>`, the staged directory takes its place, and the old one goes. A death in between leaves the old
 * output under one of the two names; calling it again finishes the work. Same content: nothing happens. Where nothing can be written (a disk that
 * is read-only by now), what this very run has published there already will do.
 *
 * Errors: OUTPUT_EXISTS when something else is at `output`; OUTPUT_UNWRITABLE when only a person can help; STORE_IO and those of the store.
 */
export async function publishDirectory(input: PublishDirectoryInput): Promise<PublishedDirectory> {
  const fs = input.fs ?? nodeFs;
  try {
    const placed = await place(fs, input);
    const kept = placed.changed === null ? [] : await removeFormer(fs, placed.output, input.marker.name);
    return { output: placed.output, changed: placed.changed === true, kept };
  } catch (error) {
    throw isOfStore(error, input) ? error : toUnwritable(error, input.output, 'publish');
  }
}

interface Placed {
  readonly output: string;
  /** Null: nothing can be written there, and what is there will do. */
  readonly changed: boolean | null;
}

async function place(fs: FsPort, input: PublishDirectoryInput): Promise<Placed> {
  try {
    return await stageAndSwap(fs, input);
  } catch (error) {
    if (isOfStore(error, input) || !isLasting(errnoOf(error) ?? '')) throw error;
    const output = await publishedAlready(fs, input);
    if (output === undefined) throw error;
    return { output, changed: null };
  }
}

/** What the store says of itself is not about the output. */
function isOfStore(error: unknown, { store }: PublishDirectoryInput): boolean {
  return pathOf(error)?.startsWith(join(store.location, '/')) === true;
}

async function stageAndSwap(fs: FsPort, input: PublishDirectoryInput): Promise<Placed> {
  const parent = await makeDurablePath(fs, dirname(input.output));
  const output = join(parent, basename(input.output));
  await sweepStaged(fs, output);
  await checkOutput(output, input.marker.name, fs);
  const staged = await stagedName(output);
  try {
    const digests = await stageFiles(fs, staged, input);
    const changed = await swap(fs, { output, staged, digests, runName: input.marker.name });
    if (!changed) await removeFlatDirectory(fs, staged);
    return { output, changed };
  } catch (error) {
    // The failure is what counts; what stays behind is swept by the next publication.
    await removeFlatDirectory(fs, staged).catch(() => undefined);
    throw error;
  }
}

interface Swap {
  readonly output: string;
  readonly staged: string;
  readonly digests: ReadonlyMap<string, Ref>;
  readonly runName: string;
}

/** Whether the staged directory went in; false when the output has the same content. */
async function swap(fs: FsPort, plan: Swap): Promise<boolean> {
  for (let attempt = 0; attempt < SWAP_ATTEMPTS; attempt += 1) {
    const state = await checkOutput(plan.output, plan.runName, fs);
    if (state.kind === 'earlier') {
      if (await hasFiles(fs, plan.output, plan.digests)) {
        // It may be there since an attempt that died before this.
        await syncDirectory(fs, dirname(plan.output));
        return false;
      }
      await moveAway(fs, plan.output);
    }
    if (await renameInto(fs, plan.staged, plan.output)) {
      await syncDirectory(fs, dirname(plan.output));
      return true;
    }
  }
  throw storeIoError(`Cannot publish "${plan.output}": other attempts keep getting in between.`, 'EAGAIN', { path: plan.output });
}

/** A directory moves onto a free name or an empty directory; false when something is there. */
async function renameInto(fs: FsPort, from: string, to: string): Promise<boolean> {
  try {
    await storeIo('publish', to, () => fs.rename(from, to));
    return true;
  } catch (error) {
    if (['ENOTEMPTY', 'EEXIST'].includes(errnoOf(error) ?? '')) return false;
    throw error;
  }
}

async function moveAway(fs: FsPort, output: string): Promise<void> {
  for (let n = 0; ; n += 1) {
    const former = `${output}.old-${n}`;
    if ((await storeIo('inspect', former, () => unlessErrno(['ENOENT'], () => fs.lstat(former)))) !== undefined) continue;
    // Gone: another attempt has moved it.
    await storeIo('move away', output, () => unlessErrno(['ENOENT'], () => fs.rename(output, former)));
    return;
  }
}

/**
 * Removes former outputs of this run, also those of attempts that died before this. Only files that a manifest lists are removed, the
 * manifest last (it says whose directory it is); a directory that holds others stays.
 */
async function removeFormer(fs: FsPort, output: string, runName: string): Promise<readonly string[]> {
  const parent = dirname(output);
  const kept: string[] = [];
  for (const name of await storeIo('list', parent, () => fs.readdir(parent))) {
    if (!name.startsWith(`${basename(output)}.old-`) || !/^\d+$/.test(name.slice(basename(output).length + 5))) continue;
    const former = join(parent, name);
    const present = await storeIo('list', former, () => unlessErrno(['ENOENT', 'ENOTDIR'], () => fs.readdir(former)));
    const marker = await readMarker(fs, former);
    // Empty: an attempt died when only the directory itself was left to remove.
    const ours = marker?.name === runName || present?.length === 0;
    if (present === undefined || !ours) continue;
    const listed = Object.keys((marker?.files ?? {}) as JsonObject).filter(isFileName);
    if (present.some((file) => file !== OUTPUT_MARKER && !listed.includes(file))) kept.push(former);
    else await removeFlatDirectory(fs, former);
  }
  await syncDirectory(fs, parent);
  return kept.sort();
}
