import { join } from 'node:path';
import { RootstockError } from '../errors.ts';

/**
 * Where things are below a store's directory:
 *
 *     store.json                     the store's UUID
 *     tmp/                           files being written
 *     blobs/sha256/<aa>/<digest>     bytes by content
 *     refs/<name>                    named documents, written once
 *     pointers/<name>/@<n>           versions of a mutable pointer; the highest number is its value
 *     quarantine/                    what failed its digest, or was set aside
 */
export interface StoreLayout {
  readonly root: string;
  readonly identity: string;
  readonly tmp: string;
  readonly blobs: string;
  readonly refs: string;
  readonly pointers: string;
  readonly quarantine: string;
}

/** Builds the layout of a store directory. */
export function buildLayout(root: string): StoreLayout {
  return {
    root,
    identity: join(root, 'store.json'),
    tmp: join(root, 'tmp'),
    blobs: join(root, 'blobs', 'sha256'),
    refs: join(root, 'refs'),
    pointers: join(root, 'pointers'),
    quarantine: join(root, 'quarantine'),
  };
}

/** Path of a blob. The digest is checked first, so no digest from data can leave the directory. */
export function blobPath(layout: StoreLayout, digest: string): string {
  checkDigest(digest);
  return join(layout.blobs, digest.slice(0, 2), digest);
}

/** Path of a named document. USAGE when the name is not allowed. */
export function documentPath(layout: StoreLayout, name: string): string {
  checkName(name);
  return join(layout.refs, name);
}

/** Directory that holds the versions of a mutable pointer. "@" is not allowed in names, so versions and names never meet. */
export function pointerDirectory(layout: StoreLayout, name: string): string {
  checkName(name);
  return join(layout.pointers, name);
}

/** Whether a text is a SHA-256 in 64 lower-case hex digits. */
export function isDigest(text: unknown): text is string {
  return typeof text === 'string' && /^[0-9a-f]{64}$/.test(text);
}

/** Refuses anything but a SHA-256 (USAGE). */
export function checkDigest(digest: string): void {
  if (!isDigest(digest)) throw new RootstockError('USAGE', `Not a SHA-256 digest: ${JSON.stringify(digest)}.`, { digest });
}

/** Refuses names that are not `[a-z0-9._-]+` segments joined by "/", that climb ("..") or that are too long for a file system (USAGE). */
export function checkName(name: string): void {
  const segments = name.split('/');
  const good = segments.every((segment) => /^[a-z0-9._-]{1,200}$/.test(segment) && segment !== '.' && segment !== '..');
  if (good && name.length <= 1000) return;
  throw new RootstockError(
    'USAGE',
    `Artifact name ${JSON.stringify(name)} is not allowed: expected segments of [a-z0-9._-], 200 characters at most each, joined by "/".`,
    { name },
  );
}
