import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type FsFile, type FsPort, nodeFs } from '../../src/artifacts/fs-port.ts';
import { openFsStore } from '../../src/artifacts/fs-store.ts';
import type { ArtifactStore } from '../../src/artifacts/store.ts';

/** What a faulty disk does to one call: fail with an errno; write only half; claim a write that never happens. */
export type Fault = { readonly errno: string } | 'short' | 'lost';

/** One call on a file system; `count` counts the calls of this kind from 1. */
export interface FsCall {
  readonly kind: 'open' | 'link' | 'write' | 'read' | 'sync' | 'rename' | 'unlink' | 'mkdir';
  readonly path: string;
  readonly count: number;
}

/** Decorates the real file system with faults: `decide` is asked before each call. */
export function faultyFs(decide: (call: FsCall) => Fault | undefined, base: FsPort = nodeFs): FsPort {
  const counts = new Map<string, number>();
  const check = (kind: FsCall['kind'], path: string): Fault | undefined => {
    const count = (counts.get(kind) ?? 0) + 1;
    counts.set(kind, count);
    const fault = decide({ kind, path, count });
    if (typeof fault === 'object') throw Object.assign(new Error(`${fault.errno}: injected`), { code: fault.errno });
    return fault;
  };
  const decorate = (file: FsFile, path: string): FsFile => ({
    ...file,
    read: async (into, position) => {
      const fault = check('read', path);
      return file.read(fault === 'short' ? into.subarray(0, Math.ceil(into.byteLength / 2)) : into, position);
    },
    write: async (from, position) => {
      const fault = check('write', path);
      if (fault === 'lost') return from.byteLength;
      return file.write(fault === 'short' ? from.subarray(0, Math.ceil(from.byteLength / 2)) : from, position);
    },
    sync: async () => {
      check('sync', path);
      await file.sync();
    },
  });
  return {
    ...base,
    open: async (path, mode) => {
      check('open', path);
      return decorate(await base.open(path, mode), path);
    },
    link: async (existing, path) => {
      check('link', path);
      await base.link(existing, path);
    },
    rename: async (from, to) => {
      check('rename', from);
      await base.rename(from, to);
    },
    unlink: async (path) => {
      check('unlink', path);
      await base.unlink(path);
    },
    mkdir: async (path) => {
      check('mkdir', path);
      await base.mkdir(path);
    },
  };
}

/** Makes a directory that the end of the test removes. */
export async function temporaryDirectory(context: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'rootstock-test-'));
  context.after(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** Opens a store in a directory of its own that the end of the test removes. */
export async function temporaryStore(context: TestContext): Promise<ArtifactStore> {
  return openFsStore(join(await temporaryDirectory(context), 'store'));
}

/** Reads a whole blob. */
export async function readAll(store: ArtifactStore, ref: { readonly digest: string; readonly byteLength: number }): Promise<Buffer> {
  const reader = await store.open(ref);
  try {
    const bytes = Buffer.alloc(reader.byteLength);
    await reader.read(0, bytes);
    return bytes;
  } finally {
    await reader.close();
  }
}
