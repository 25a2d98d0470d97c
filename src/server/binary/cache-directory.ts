import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where downloaded server binaries are kept: ROOTSTOCK_CACHE, else the platform's cache folder (XDG_CACHE_HOME, ~/Library/Caches, ~/.cache). */
export function defaultCacheDirectory(env: NodeJS.ProcessEnv, platform: string = process.platform): string {
  const own = env['ROOTSTOCK_CACHE'];
  if (own !== undefined && own !== '') return own;
  const xdg = env['XDG_CACHE_HOME'];
  if (xdg !== undefined && xdg !== '') return join(xdg, 'rootstock');
  const home = env['HOME'] ?? homedir();
  return platform === 'darwin' ? join(home, 'Library', 'Caches', 'rootstock') : join(home, '.cache', 'rootstock');
}
