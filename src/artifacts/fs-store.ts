import { createHash, randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import { RootstockError } from '../errors.ts';
import { createFsBlobs, type FsStoreContext } from './fs-blobs.ts';
import { createDurableDirectories, linkIfAbsent, makeDurablePath } from './fs-directory.ts';
import { createDocument, listNames, readDocument, setAsideDocument } from './fs-documents.ts';
import { buildLayout, documentPath } from './fs-layout.ts';
import { readPointer, replacePointer } from './fs-pointers.ts';
import { type FsPort, nodeFs } from './fs-port.ts';
import { restoreCollected } from './fs-quarantine.ts';
import { dropTemp, sweepTemp, writeTemp } from './fs-temp.ts';
import { closeQuietly, openRegular, readFully } from './fs-verify.ts';
import type { ArtifactStore } from './store.ts';

/**
 * Opens the artifact store in a directory, and creates it when there is none. Temporary files of dead processes are swept
 * (not with `sweep: false`). `id`: what a store that is created here is to be called, a UUID; without it a new one.
 * What a method has returned survives a power cut; a name resolves to all its bytes or to nothing.
 *
 * Errors: STORE_IO (a retry may help), STORE_UNSUPPORTED (a file system without hard links or directory fsync, symbolic links inside the
 * store), ARTIFACT_CORRUPT (store.json does not match its own digest).
 */
export async function openFsStore(
  directory: string,
  options: { readonly fs?: FsPort; readonly sweep?: boolean; readonly id?: string } = {},
): Promise<ArtifactStore> {
  const fs = options.fs ?? nodeFs;
  const root = await makeDurablePath(fs, resolve(directory));
  const layout = buildLayout(root);
  const context: FsStoreContext = { fs, layout, directories: createDurableDirectories(fs, root), verified: new Map() };
  for (const path of [layout.tmp, layout.blobs, layout.refs, layout.pointers, layout.quarantine]) await context.directories.ensure(path);
  const id = await readOrCreateId(context, options.id ?? randomUUID());
  if (options.sweep !== false) await sweepTemp(fs, layout.tmp);
  await restoreCollected(fs, layout, context.directories);
  return {
    id,
    location: root,
    ...createFsBlobs(context),
    createIfAbsent: async (name, body) => createDocument(context, documentPath(layout, name), body),
    read: async (name) => (await readDocument(context, documentPath(layout, name))) ?? readPointer(context, name),
    compareAndSet: (name, expected, body) => replacePointer(context, name, { expected, body }),
    setAside: async (name) => setAsideDocument(context, documentPath(layout, name)),
    list: (prefix) => listNames(context, prefix),
  };
}

/** The id of the store in a directory; undefined when there is none. Touches nothing. Errors: STORE_IO, ARTIFACT_CORRUPT. */
export function readStoreId(directory: string): Promise<string | undefined> {
  return readId(nodeFs, buildLayout(resolve(directory)).identity);
}

/** The id is made by link, so processes that create one store at the same time agree on it. */
async function readOrCreateId(context: FsStoreContext, id: string): Promise<string> {
  const { fs, layout, directories } = context;
  const existing = await readId(fs, layout.identity);
  if (existing !== undefined) return existing;
  const temp = await writeTemp(fs, layout.tmp, [Buffer.from(`${JSON.stringify({ format: 1, id, sha256: sha256(id) })}\n`)]);
  try {
    const created = await linkIfAbsent(fs, temp.path, layout.identity);
    await directories.sync(layout.root);
    const found = created ? id : await readId(fs, layout.identity);
    if (found !== undefined) return found;
  } finally {
    await dropTemp(fs, temp.path);
  }
  throw corruptId(layout.identity);
}

async function readId(fs: FsPort, path: string): Promise<string | undefined> {
  const opened = await openRegular(fs, path);
  if (opened === 'absent') return undefined;
  if (opened === 'foreign' || opened.stat.size > 10_000) throw corruptId(path);
  const bytes = new Uint8Array(opened.stat.size);
  try {
    await readFully(opened.file, path, { into: bytes, position: 0 });
  } finally {
    await closeQuietly(opened.file);
  }
  const { id, sha256: digest } = parseId(Buffer.from(bytes).toString('utf8'), path);
  if (digest !== sha256(id)) throw corruptId(path);
  return id;
}

function parseId(text: string, path: string): { readonly id: string; readonly sha256: string } {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && 'id' in value && 'sha256' in value) {
      if (typeof value.id === 'string' && typeof value.sha256 === 'string') return { id: value.id, sha256: value.sha256 };
    }
  } catch {
    // Not JSON: reported below, like JSON of another form.
  }
  throw corruptId(path);
}

function corruptId(path: string): RootstockError {
  return new RootstockError(
    'ARTIFACT_CORRUPT',
    `"${path}" is not the identity of a Rootstock store.\nFix: restore it from a backup, or use another state directory; a new id would cut the store off from its queues.`,
    { path },
  );
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
