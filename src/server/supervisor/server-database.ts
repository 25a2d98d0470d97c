import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** The dev server's SQLite database in `<state>/server`. */
export function serverDatabase(directory: string): string {
  return join(directory, 'temporal.db');
}

/** Whether there is a database, complete or not. Throws when that cannot be seen: one that is there must not be taken for a new one. */
export async function hasDatabase(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

/**
 * Removes a database whose first server never served, and what SQLite keeps beside it. The dev server makes its tables only when there is no
 * file (statement by statement, each one committed), so one that is killed meanwhile leaves a file that no server ever starts on.
 */
export async function removeDatabase(path: string): Promise<void> {
  for (const name of [path, `${path}-wal`, `${path}-shm`, `${path}-journal`]) await rm(name, { force: true });
}
