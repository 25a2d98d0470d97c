import { readdir, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { buildModuleCommand, moduleEnvironment } from '../module-command.ts';
import { lastLine, runCommand } from '../run-command.ts';
import type { BinaryDownload, DownloadInput } from './download.ts';

/** Offline the SDK either fails at once (no DNS) or hangs (packets dropped): it is given up after this long without a new byte. */
const STALL_MS = 20_000;

/** The whole download may take this long as long as bytes arrive. */
const TIMEOUT_MS = 600_000;

const SDK_VERSION = String(createRequire(import.meta.url)('@temporalio/testing/package.json').version);

/**
 * The Temporal SDK's own download of its default CLI. The SDK has no call that only downloads: a helper process asks it for a dev server with a
 * fresh download folder, and what the download left there is taken whether or not that server started.
 */
export const sdkDownload: BinaryDownload = {
  origin: 'sdk-download',
  name: "Temporal SDK's own download",
  announcement: "fetching the Temporal server with the Temporal SDK's own download",
  fileName: (platform) => `temporal-sdk-${SDK_VERSION}-${platform}`,
  download,
};

async function download({ directory, env, signal }: DownloadInput): Promise<string> {
  const { command, args } = buildModuleCommand(import.meta.url, './sdk-download-main');
  const stall = watchForStall(directory);
  const signals = signal === undefined ? stall.signal : AbortSignal.any([signal, stall.signal]);
  const result = await runCommand({
    command,
    args: [...args, directory],
    env: moduleEnvironment(env),
    timeoutMs: TIMEOUT_MS,
    signal: signals,
  }).finally(stall.stop);
  // Core downloads to NAME.downloading and renames when the file is complete.
  const complete = (await readdir(directory)).find((name) => name.startsWith('temporal-') && !name.endsWith('.downloading'));
  if (complete === undefined) throw new Error(lastLine(result));
  return join(directory, complete);
}

function watchForStall(directory: string): { readonly signal: AbortSignal; readonly stop: () => void } {
  const controller = new AbortController();
  let bytes = 0;
  let since = Date.now();
  const check = async (): Promise<void> => {
    const sizes = await Promise.all((await readdir(directory)).map(async (name) => (await stat(join(directory, name))).size));
    const now = sizes.reduce((sum, size) => sum + size, 0);
    if (now > bytes) [bytes, since] = [now, Date.now()];
    if (Date.now() - since > STALL_MS) controller.abort(new Error(`nothing arrived for ${STALL_MS / 1000} s`));
  };
  // The folder's files come and go under the check: a failed look is followed by another.
  const timer = setInterval(() => void check().catch(() => undefined), 500);
  return { signal: controller.signal, stop: () => clearInterval(timer) };
}
