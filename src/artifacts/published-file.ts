import type { JsonObject } from '../contracts/json.ts';
import type { Ref } from '../contracts/refs.ts';
import { RootstockError } from '../errors.ts';
import { OUTPUT_MARKER } from './check-output.ts';
import type { FsPort } from './fs-port.ts';
import type { ArtifactStore } from './store.ts';

/** A file of an output directory: bytes of the store, bytes at hand, or written to a path by somebody else. */
export type PublishedFile =
  | { readonly name: string; readonly ref: Ref }
  | { readonly name: string; readonly body: Uint8Array }
  | { readonly name: string; readonly write: (path: string) => Promise<void> };

/** What to publish, and where. */
export interface PublishDirectoryInput {
  /** Absolute path. */
  readonly output: string;
  readonly files: readonly PublishedFile[];
  /** Content of manifest.json; `name` is the run's name. The digests of the files are added as `files`. */
  readonly marker: JsonObject & { readonly name: string };
  readonly store: ArtifactStore;
  readonly fs?: FsPort;
}

/** Whether a text can be the name of a published file: no folders, nothing hidden, nothing that climbs. USAGE is the caller's to throw. */
export function isFileName(name: string): boolean {
  return /^[A-Za-z0-9_][A-Za-z0-9._-]{0,199}$/.test(name);
}

/** Refuses names that could leave the directory (USAGE). */
export function checkFileName(name: string): void {
  if (isFileName(name) && name !== OUTPUT_MARKER) return;
  throw new RootstockError('USAGE', `${JSON.stringify(name)} cannot be the name of a published file.`, { name });
}
