import { execFileSync } from 'node:child_process';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { findPackage } from '../src/kernels/packages.ts';

/** What figures depend on beside the code. */
export interface Conditions {
  /** ISO 8601. */
  readonly startedAt: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly system: string;
  readonly versions: Readonly<Record<string, string>>;
  /** Of the source tree; "-dirty" where tracked files differ. */
  readonly commit: string;
  readonly seed: number;
}

/** Describes the machine, the versions and the code. */
export function readConditions(seed: number): Conditions {
  const packages = ['@tensorflow/tfjs-core', '@tensorflow/tfjs-backend-wasm', '@temporalio/worker', '@duckdb/node-api'];
  return {
    startedAt: new Date().toISOString(),
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${process.platform} ${release()} ${process.arch}`,
    versions: {
      node: process.versions.node,
      v8: process.versions.v8,
      ...Object.fromEntries(packages.map((name) => [name, findPackage(name)?.version ?? 'not installed'])),
    },
    commit: readCommit(),
    seed,
  };
}

/** The load averages over 1, 5 and 15 minutes: how many processes wanted a core. */
export function readLoad(): readonly number[] {
  return loadavg().map((load) => Math.round(load * 100) / 100);
}

function readCommit(): string {
  const git = (...words: string[]) =>
    execFileSync('git', words, { cwd: fileURLToPath(new URL('..', import.meta.url)), encoding: 'utf8', stdio: 'pipe' }).trim();
  try {
    const changed = git('status', '--porcelain', '--untracked-files=no') !== '';
    return `${git('rev-parse', '--short=12', 'HEAD')}${changed ? '-dirty' : ''}`;
  } catch {
    // An unpacked archive has no history: the figures are still worth having.
    return 'unknown';
  }
}
