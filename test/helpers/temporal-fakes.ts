import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Writes an executable shell script. */
export async function writeScript(path: string, body: string): Promise<string> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, `#!/bin/sh\n${body}\n`, { mode: 0o755 });
  return path;
}

/** Writes an executable that answers `--version` as the Temporal CLI of that version does. */
export function writeFakeCli(path: string, version = '1.9.1'): Promise<string> {
  return writeScript(path, `echo "temporal version ${version} (Server 1.32.0, UI 2.54.1)"`);
}
