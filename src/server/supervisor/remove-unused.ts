import { randomBytes } from 'node:crypto';
import { rename, rm, rmdir } from 'node:fs/promises';
import type { Made } from './protocol.ts';

/**
 * Removes the folder of a server that nobody needed, and the state directory when there was none before and nothing else is in it now. The folder goes
 * at once, under another name: while its owner answers nobody takes over, and whoever comes after that makes another one.
 */
export async function removeUnused(
  directory: string,
  { stateDir, made }: { readonly stateDir: string; readonly made: Made },
): Promise<void> {
  const aside = `${directory}-unused-${randomBytes(6).toString('hex')}`;
  await rename(directory, aside);
  await rm(aside, { recursive: true, force: true });
  // Not empty: a scan cache, or somebody else's by now.
  if (made.state) await rmdir(stateDir).catch(() => undefined);
}
