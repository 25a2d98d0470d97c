import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { BackendName } from '../contracts/plan.ts';
import { findPackage, type InstalledPackage, TENSORFLOW_ADVICE, TENSORFLOW_PACKAGES, wasmBinaryDirectory } from './packages.ts';

/** Milliseconds a child process may take to load the native library; it takes about 3 s with a cold disk cache. */
const LOAD_TIMEOUT_MS = 60_000;

/** What is known about one backend on this machine. */
export interface BackendProbe {
  readonly name: BackendName;
  readonly available: boolean;
  /** Why it is not available and how to change that, or what it is. One sentence. */
  readonly why: string;
  /** Version of the npm package behind it, or null. */
  readonly version: string | null;
}

/** Finds out which backends can be loaded here, without loading tensors into this process: a native library is tried in a child process. */
export async function probeBackends(): Promise<readonly BackendProbe[]> {
  return [probeWasm(), probeCpu(), await probeTensorflow(), probeWebgpu()];
}

function probeWasm(): BackendProbe {
  const version = findPackage('@tensorflow/tfjs-backend-wasm')?.version ?? null;
  const directory = wasmBinaryDirectory();
  if (directory === undefined || !existsSync(join(directory, 'tfjs-backend-wasm-simd.wasm'))) {
    return { name: 'wasm', available: false, why: '@tensorflow/tfjs-backend-wasm is not installed; run npm install.', version };
  }
  return { name: 'wasm', available: true, why: 'WebAssembly with SIMD, one thread, and the training kernels of Rootstock.', version };
}

function probeCpu(): BackendProbe {
  const installed = findPackage('@tensorflow/tfjs-backend-cpu');
  if (installed === undefined) {
    return { name: 'cpu', available: false, why: '@tensorflow/tfjs-backend-cpu is not installed; run npm install.', version: null };
  }
  return { name: 'cpu', available: true, why: 'Plain JavaScript: slow, the oracle of the tests.', version: installed.version };
}

async function probeTensorflow(): Promise<BackendProbe> {
  const installed = TENSORFLOW_PACKAGES.map(findPackage).filter((found) => found !== undefined);
  const [first] = installed;
  if (first === undefined) {
    return { name: 'tensorflow', available: false, why: `It is not installed: ${TENSORFLOW_ADVICE}`, version: null };
  }
  const failures: string[] = [];
  for (const found of installed) {
    const failure = await loadInChild(found);
    if (failure === undefined) return { name: 'tensorflow', available: true, why: `${found.name} loads.`, version: found.version };
    failures.push(`${found.name}: ${failure}`);
  }
  return {
    name: 'tensorflow',
    available: false,
    why: `It is installed but does not load (${failures.join('; ')}).`,
    version: first.version,
  };
}

function probeWebgpu(): BackendProbe {
  return { name: 'webgpu', available: false, why: 'Not available yet in this version of Rootstock.', version: null };
}

/** Loads a native package in a child process; undefined when it loads, else the last line of what it said. */
async function loadInChild({ directory }: InstalledPackage): Promise<string | undefined> {
  // The two functions went away in Node 23; tfjs-node 4.22 calls them while it loads.
  const script = `const util = require('node:util'); util.isNullOrUndefined ??= (v) => v == null; util.isArray ??= Array.isArray; require(process.argv[1]);`;
  try {
    await promisify(execFile)(process.execPath, ['-e', script, directory], { timeout: LOAD_TIMEOUT_MS });
    return undefined;
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    const errorLine = text.split('\n').find((line) => /^\S*Error\b.*:/.test(line));
    return (errorLine ?? text.split('\n')[0] ?? text).trim();
  }
}
