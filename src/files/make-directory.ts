import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Makes a directory with its missing parents, as `mkdir` of Node does when it is recursive, but ends where the file system makes none: Node 20
 * tries for ever below /proc, which says ENOENT although the parent is there. Returns whether the directory itself was made. Fails with the
 * system's error.
 */
export async function makeDirectory(path: string, { mode = 0o777 }: { readonly mode?: number } = {}): Promise<boolean> {
  try {
    return await makeOne(path, mode);
  } catch (error) {
    const parent = dirname(path);
    if (codeOf(error) !== 'ENOENT' || parent === path) throw error;
    await makeDirectory(parent, { mode });
    return makeOne(path, mode);
  }
}

async function makeOne(path: string, mode: number): Promise<boolean> {
  try {
    await mkdir(path, { mode });
    return true;
  } catch (error) {
    // There already; a root that refuses (EISDIR on macOS, EROFS) is as well.
    const found = codeOf(error) === 'ENOENT' ? undefined : await stat(path).catch(() => undefined);
    if (found?.isDirectory() === true) return false;
    throw error;
  }
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}
