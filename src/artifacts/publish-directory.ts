import { basename, dirname, join } from 'node:path';
import type { JsonObject } from '../contracts/json.ts';
import type { Ref } from '../contracts/refs.ts';
import { checkOutput, OUTPUT_MARKER, readMarker } from './check-output.ts';
import { makeDurablePath, syncDirectory } from './fs-directory.ts';
import { errnoOf, pathOf, storeIo, storeIoError, unlessErrno } from './fs-errors.ts';
import { type FsPort, nodeFs } from './fs-port.ts';
import { tempName } from './fs-temp.ts';
import { closeQuietly, hashFile, openRegular } from './fs-verify.ts';
import { removeFlatDirectory, stageFiles, sweepStaged } from './publish-staging.ts';
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
 * output under one of the two names; calling it again finishes the work. Same content: nothing happens.
 *
 * Errors: OUTPUT_EXISTS when something else is at `output`; OUTPUT_UNWRITABLE when only a person can help; STORE_IO and those of the store.
 */
export async function publishDirectory(input: PublishDirectoryInput): Promise<PublishedDirectory> {
  try {
    return await stageAndSwap(input);
  } catch (error) {
    // What the store says of itself is not about the output.
    const isOfStore = pathOf(error)?.startsWith(join(input.store.location, '/')) === true;
    throw isOfStore ? error : toUnwritable(error, input.output, 'publish');
  }
}

async function stageAndSwap(input: PublishDirectoryInput): Promise<PublishedDirectory> {
  const fs = input.fs ?? nodeFs;
  const parent = await makeDurablePath(fs, dirname(input.output));
  const output = join(parent, basename(input.output));
  await sweepStaged(fs, output);
  await checkOutput(output, input.marker.name, fs);
  const staged = `${output}.staged-${await tempName()}`;
  let changed: boolean;
  try {
    const digests = await stageFiles(fs, staged, input);
    changed = await swap(fs, { output, staged, digests, runName: input.marker.name });
    if (!changed) await removeFlatDirectory(fs, staged);
  } catch (error) {
    // The failure is what counts; what stays behind is swept by the next publication.
    await removeFlatDirectory(fs, staged).catch(() => undefined);
    throw error;
  }
  const kept = await removeFormer(fs, output, input.marker.name);
  return { output, changed, kept };
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
      if (await hasSameContent(fs, plan)) {
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

async function hasSameContent(fs: FsPort, plan: Swap): Promise<boolean> {
  for (const [name, ref] of plan.digests) {
    const path = join(plan.output, name);
    const opened = await openRegular(fs, path);
    if (typeof opened === 'string') return false;
    try {
      if (opened.stat.size !== ref.byteLength || (await hashFile(opened.file, path, ref.byteLength)) !== ref.digest) return false;
    } finally {
      await closeQuietly(opened.file);
    }
  }
  return true;
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
