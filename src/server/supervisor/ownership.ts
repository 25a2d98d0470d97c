import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createFile } from './write-file-atomic.ts';

/**
 * Who owns the server of a state directory. Each supervisor that takes over creates `owner-<n+1>.json`, which names the socket it already listens
 * on. Creating is atomic, so one contender wins; the highest number is the owner; it is alive exactly while its socket answers. The newest file is
 * never removed, and a contender looks once more after creating its own, so a slow one cannot take a number that was passed long ago.
 * This is why there is no stale socket to remove under somebody's feet.
 */
export interface Owner {
  readonly number: number;
  /** File name of its socket in the same folder; empty when the file is damaged (its owner died with the machine). */
  readonly socket: string;
}

const FILE = /^owner-(\d+)\.json$/;

/** The newest owner, alive or not; null when there never was one. */
export async function readOwner(directory: string): Promise<Owner | null> {
  const number = Math.max(0, ...numbersIn(await listOrEmpty(directory)));
  if (number === 0) return null;
  return { number, socket: await readSocketName(join(directory, `owner-${number}.json`)) };
}

/** Becomes the owner after `previous` (0: none), listening on `socket` already; null when another contender was faster. Sweeps what dead owners left. */
export async function claimOwnership(directory: string, previous: number, socket: string): Promise<Owner | null> {
  const number = previous + 1;
  const own = `owner-${number}.json`;
  const record = { format: 1, pid: process.pid, socket };
  if (!(await createFile(join(directory, own), `${JSON.stringify(record)}\n`))) return null;
  const names = await readdir(directory);
  if (Math.max(...numbersIn(names)) > number) {
    await rm(join(directory, own), { force: true });
    return null;
  }
  // A living contender's socket may be among these: it has lost this number, and so loses nothing else.
  const leftovers = names.filter((name) => (FILE.test(name) && name !== own) || (name.endsWith('.sock') && name !== socket));
  await Promise.all(leftovers.map((name) => rm(join(directory, name), { force: true })));
  return { number, socket };
}

/** Whether this owner is still the newest: false once the state directory was removed or somebody took over. */
export async function isOwner(directory: string, owner: Owner): Promise<boolean> {
  return Math.max(0, ...numbersIn(await listOrEmpty(directory))) === owner.number;
}

function numbersIn(names: readonly string[]): number[] {
  return names.map((name) => Number(FILE.exec(name)?.[1] ?? 0));
}

async function listOrEmpty(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

async function readSocketName(path: string): Promise<string> {
  try {
    const record = JSON.parse(await readFile(path, 'utf8')) as { readonly socket?: unknown };
    return typeof record.socket === 'string' && /^[\w.-]+\.sock$/.test(record.socket) ? record.socket : '';
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}
