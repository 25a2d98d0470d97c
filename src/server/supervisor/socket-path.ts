import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';

/** A unix socket's address holds 108 bytes on Linux and 104 on macOS (sun_path), the closing NUL included. */
const MAX_ADDRESS_BYTES = 100;

/**
 * Gives `use` an address of the socket at `socketPath` that fits into sun_path. A long path is reached through a symbolic link to its folder,
 * made in a private temporary folder for just that long: the socket itself always lies in the state directory, whatever TMPDIR says.
 */
export async function withSocketAddress<T>(socketPath: string, use: (address: string) => Promise<T>): Promise<T> {
  if (Buffer.byteLength(socketPath) <= MAX_ADDRESS_BYTES) return use(socketPath);
  // 40: room for the random folder, the link and the socket's own name.
  const parent = Buffer.byteLength(tmpdir()) <= MAX_ADDRESS_BYTES - 40 ? tmpdir() : '/tmp';
  const folder = await mkdtemp(join(parent, 'rs-'));
  try {
    const link = join(folder, 's');
    await symlink(dirname(socketPath), link);
    return await use(join(link, basename(socketPath)));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
