import { chmod, mkdtemp, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { makeDirectory } from '../../files/make-directory.ts';

/** A temporary folder of a killed download is swept after this long: far beyond any download that still runs. */
const SWEEP_AFTER_MS = 24 * 3600 * 1000;

/**
 * Puts a binary into the cache: `produce` makes it somewhere in a private folder, then one rename shows it under its name, complete and
 * executable. Concurrent callers each rename the same bytes; a caller that is killed leaves a folder that a later call sweeps.
 * Returns the installed path.
 */
export async function installBinary(cacheDir: string, fileName: string, produce: (directory: string) => Promise<string>): Promise<string> {
  await makeDirectory(cacheDir);
  await sweep(cacheDir);
  const directory = await mkdtemp(join(cacheDir, 'download-'));
  try {
    const source = await produce(directory);
    await chmod(source, 0o755);
    await sync(source);
    const target = resolve(cacheDir, fileName);
    await rename(source, target);
    await sync(cacheDir);
    return target;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function sweep(cacheDir: string): Promise<void> {
  for (const name of await readdir(cacheDir)) {
    if (!name.startsWith('download-')) continue;
    const path = join(cacheDir, name);
    // A concurrent caller may have removed it meanwhile.
    const facts = await stat(path).catch(() => null);
    if (facts !== null && Date.now() - facts.mtimeMs > SWEEP_AFTER_MS) await rm(path, { recursive: true, force: true });
  }
}
