import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import { RootstockError } from '../errors.ts';
import type { FsStoreContext } from './fs-blobs.ts';
import { linkIfAbsent } from './fs-directory.ts';
import { storeIo, storeIoError, unlessErrno } from './fs-errors.ts';
import { documentPath } from './fs-layout.ts';
import type { FsStat } from './fs-port.ts';
import { quarantineFile } from './fs-quarantine.ts';
import { dropTemp, writeTemp } from './fs-temp.ts';
import { closeQuietly, openRegular, readFully } from './fs-verify.ts';

/** A document's first line: the digest of what follows. A name says nothing about content, so a document proves itself. */
const SEAL_LENGTH = 'sha256:'.length + 64 + 1;

/** Creation starts over when a rotten document was in the way. */
const CREATE_ATTEMPTS = 8;

/** Creates a named document, or reads what has that name. Durable when it returns, also when somebody else created it. */
export async function createDocument(
  context: FsStoreContext,
  path: string,
  body: Uint8Array,
): Promise<{ readonly created: boolean; readonly body: Uint8Array }> {
  const { fs, layout, directories } = context;
  await directories.ensure(dirname(path));
  const temp = await writeTemp(fs, layout.tmp, [seal(body), body]);
  try {
    for (let attempt = 0; attempt < CREATE_ATTEMPTS; attempt += 1) {
      const created = await linkIfAbsent(fs, temp.path, path);
      const found = created ? body : await readDocument(context, path).catch(asFreed);
      if (found === undefined) continue;
      await directories.sync(dirname(path));
      return { created, body: found };
    }
  } finally {
    await dropTemp(fs, temp.path);
  }
  throw storeIoError(`Cannot create "${path}": somebody keeps moving it away.`, 'EAGAIN', { path });
}

/** Reads a document and checks it against its own first line; undefined when there is none. ARTIFACT_CORRUPT: it is in quarantine now. */
export async function readDocument(context: FsStoreContext, path: string): Promise<Uint8Array | undefined> {
  const opened = await openRegular(context.fs, path);
  if (opened === 'absent') return undefined;
  if (opened === 'foreign') {
    const stat = await storeIo('inspect', path, () => unlessErrno(['ENOENT'], () => context.fs.lstat(path)));
    // A folder of longer names.
    if (stat === undefined || stat.kind === 'directory') return undefined;
    throw await corrupt(context, path, undefined);
  }
  const bytes = new Uint8Array(opened.stat.size);
  try {
    const whole = await readFully(opened.file, path, { into: bytes, position: 0 });
    const body = bytes.subarray(SEAL_LENGTH);
    if (whole && Buffer.compare(bytes.subarray(0, SEAL_LENGTH), seal(body)) === 0) return body;
  } finally {
    await closeQuietly(opened.file);
  }
  throw await corrupt(context, path, opened.stat);
}

/** Moves a document to the quarantine; durable, so that a power cut does not bring it back. */
export async function setAsideDocument(context: FsStoreContext, path: string): Promise<void> {
  const { fs, layout, directories } = context;
  if ((await quarantineFile(fs, path, { quarantine: layout.quarantine, seen: undefined })) === undefined) return;
  await directories.sync(dirname(path));
}

/** Lists the names of documents and pointers below a folder of names ('' for all), sorted. */
export async function listNames(context: FsStoreContext, prefix: string): Promise<readonly string[]> {
  const { layout } = context;
  if (prefix !== '') documentPath(layout, prefix);
  const names = new Set<string>();
  await walk(context, join(layout.refs, prefix), (below) => names.add(joinName(prefix, below)));
  await walk(context, join(layout.pointers, prefix), (below) => {
    const name = joinName(prefix, below).split('/').slice(0, -1).join('/');
    names.add(name);
  });
  return [...names].sort();
}

async function walk(context: FsStoreContext, directory: string, visit: (below: string) => void, below = ''): Promise<void> {
  const names = await storeIo('list', directory, () => unlessErrno(['ENOENT', 'ENOTDIR'], () => context.fs.readdir(directory)));
  for (const name of names ?? []) {
    const path = join(directory, name);
    const stat = await storeIo('inspect', path, () => unlessErrno(['ENOENT'], () => context.fs.lstat(path)));
    if (stat?.kind === 'directory') await walk(context, path, visit, joinName(below, name));
    else if (stat?.kind === 'file') visit(joinName(below, name));
  }
}

function joinName(prefix: string, name: string): string {
  return prefix === '' ? name : `${prefix}/${name}`;
}

function seal(body: Uint8Array): Uint8Array {
  return Buffer.from(`sha256:${createHash('sha256').update(body).digest('hex')}\n`);
}

async function corrupt(context: FsStoreContext, path: string, seen: FsStat | undefined): Promise<RootstockError> {
  const quarantined = await quarantineFile(context.fs, path, { quarantine: context.layout.quarantine, seen });
  return new RootstockError(
    'ARTIFACT_CORRUPT',
    `Document "${path}" does not match its own digest; it was moved to the store's quarantine.`,
    {
      path,
      quarantined: quarantined ?? null,
    },
  );
}

/** A rotten document has been moved away by the read: its name is free. */
function asFreed(error: unknown): undefined {
  if (error instanceof RootstockError && error.code === 'ARTIFACT_CORRUPT') return undefined;
  throw error;
}
