import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const require = createRequire(import.meta.url);

/** An installed npm package. */
export interface InstalledPackage {
  readonly name: string;
  readonly version: string;
  /** Absolute directory. */
  readonly directory: string;
}

/** Finds an installed package as Node would from here, without loading it; undefined when it is not installed. */
export function findPackage(name: string): InstalledPackage | undefined {
  try {
    const manifest = require.resolve(`${name}/package.json`);
    const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { readonly version: string };
    return { name, version, directory: dirname(manifest) };
  } catch {
    // Not resolvable is the answer, not a failure.
    return undefined;
  }
}

/** TensorFlow's native packages, the one with CUDA first: the order in which the tensorflow backend tries them. */
export const TENSORFLOW_PACKAGES = ['@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node'] as const;

/** Directory of the wasm binaries that come with the npm package, with a trailing slash; undefined when it is not installed. */
export function wasmBinaryDirectory(): string | undefined {
  const wasm = findPackage('@tensorflow/tfjs-backend-wasm');
  return wasm === undefined ? undefined : join(wasm.directory, 'wasm-out', '/');
}

/** How to get the tensorflow backend, for messages. */
export const TENSORFLOW_ADVICE =
  'npm install @tensorflow/tfjs-node-gpu@4.22.0 (CUDA 11) or npm install @tensorflow/tfjs-node@4.22.0; their install scripts download libtensorflow, so they need network access. Or train on this machine without it: trainer.accelerator: auto.';
