import type { FsFile, FsPort, FsStat, OpenMode } from '../../src/artifacts/fs-port.ts';
import { createRandom } from './store-schedule.ts';

/** Thrown by every call of a simulated file system after the moment of its crash: the process does not exist any more. */
export class SimulatedCrash extends Error {}

/** How a simulated file system behaves. */
export interface SimFsOptions {
  /** The crash comes after this many calls; default: never. */
  readonly crashAfter?: number;
  /** At most this many bytes per write call; default 1000, so that a file takes several writes. */
  readonly bytesPerWrite?: number;
  /** Awaited before each call; lets a scheduler interleave several users. */
  readonly turn?: () => Promise<void>;
}

interface Node {
  readonly ino: number;
  readonly kind: 'file' | 'directory';
  mtimeMs: number;
  ctimeMs: number;
  content: Uint8Array;
  durable: Uint8Array;
  writes: { position: number; bytes: Uint8Array }[];
  entries: Map<string, Node>;
  durableEntries: Map<string, Node>;
  /** Each a change of some names that reaches the disk whole or not at all. */
  entryChanges: (readonly [name: string, node: Node | null])[][];
}

/**
 * A file system in memory that keeps what has been synced apart from what has not. `crash` throws away a random part of the rest, as a
 * power cut may: any subset of the un-synced writes of each file (torn ones too) and of the un-synced changes of each directory.
 */
export class SimFs implements FsPort {
  #root: Node;
  #nextIno = 1;
  #clock = 1_700_000_000_000;
  #options: SimFsOptions;
  calls = 0;
  log: string[] = [];

  constructor(options: SimFsOptions = {}) {
    this.#options = options;
    this.#root = this.#node('directory');
  }

  get now(): number {
    return this.#clock;
  }

  /** Lets time pass. */
  advance(milliseconds: number): void {
    this.#clock += milliseconds;
  }

  /** The power comes back: what a disk may hold now. The same seed and history give the same disk. */
  crash(seed: number, options: SimFsOptions = {}): void {
    const random = createRandom(seed);
    const seen = new Map<Node, Node>();
    const revive = (node: Node): Node => {
      const done = seen.get(node);
      if (done !== undefined) return done;
      const copy = this.#node(node.kind);
      copy.mtimeMs = node.mtimeMs;
      copy.ctimeMs = node.ctimeMs;
      seen.set(node, copy);
      copy.content = survivingContent(node, random);
      copy.durable = copy.content.slice();
      const names = new Map(node.durableEntries);
      for (const change of node.entryChanges) {
        if (random() < 0.5) continue;
        for (const [name, target] of change) {
          if (target === null) names.delete(name);
          else names.set(name, target);
        }
      }
      for (const [name, target] of names) copy.entries.set(name, revive(target));
      copy.durableEntries = new Map(copy.entries);
      return copy;
    };
    this.#root = revive(this.#root);
    this.#options = options;
    this.calls = 0;
    this.log = [];
  }

  /** The process died, but the machine goes on: nothing is lost, and the next process begins. */
  restart(options: SimFsOptions = {}): void {
    this.#options = options;
    this.calls = 0;
    this.log = [];
  }

  /** Flips one bit of a file where it lies, as a disk may. */
  flipBit(path: string, bit: number): void {
    const node = this.#get(path);
    for (const bytes of [node.content, node.durable]) bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    node.mtimeMs += 1;
  }

  /** Paths of all files. */
  files(): string[] {
    const found: string[] = [];
    const walk = (node: Node, path: string) => {
      for (const [name, child] of node.entries) {
        if (child.kind === 'directory') walk(child, `${path}/${name}`);
        else found.push(`${path}/${name}`);
      }
    };
    walk(this.#root, '');
    return found.sort();
  }

  async open(path: string, mode: OpenMode): Promise<FsFile> {
    await this.#call(`open ${mode} ${path}`);
    if (mode === 'create') {
      const { parent, name } = this.#parent(path);
      if (parent.entries.has(name)) throw errno('EEXIST', path);
      const node = this.#node('file');
      this.#change(parent, [[name, node]]);
      return this.#handle(node, path);
    }
    const node = this.#get(path);
    if (mode === 'directory' && node.kind !== 'directory') throw errno('ENOTDIR', path);
    return this.#handle(node, path);
  }

  async link(existing: string, path: string): Promise<void> {
    await this.#call(`link ${path}`);
    const node = this.#get(existing);
    const { parent, name } = this.#parent(path);
    if (parent.entries.has(name)) throw errno('EEXIST', path);
    this.#change(parent, [[name, node]]);
  }

  async unlink(path: string): Promise<void> {
    await this.#call(`unlink ${path}`);
    this.#get(path);
    const { parent, name } = this.#parent(path);
    this.#change(parent, [[name, null]]);
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#call(`rename ${from} ${to}`);
    const node = this.#get(from);
    const source = this.#parent(from);
    const target = this.#parent(to);
    const there = target.parent.entries.get(target.name);
    if (there !== undefined && there.entries.size > 0) throw errno('ENOTEMPTY', to);
    if (source.parent === target.parent) {
      this.#change(source.parent, [
        [source.name, null],
        [target.name, node],
      ]);
    } else {
      this.#change(target.parent, [[target.name, node]]);
      this.#change(source.parent, [[source.name, null]]);
    }
    node.ctimeMs = this.#clock;
  }

  async mkdir(path: string): Promise<void> {
    await this.#call(`mkdir ${path}`);
    if (path === '/') throw errno('EEXIST', path);
    const { parent, name } = this.#parent(path);
    if (parent.entries.has(name)) throw errno('EEXIST', path);
    this.#change(parent, [[name, this.#node('directory')]]);
  }

  async rmdir(path: string): Promise<void> {
    await this.#call(`rmdir ${path}`);
    if (this.#get(path).entries.size > 0) throw errno('ENOTEMPTY', path);
    const { parent, name } = this.#parent(path);
    this.#change(parent, [[name, null]]);
  }

  async readdir(path: string): Promise<readonly string[]> {
    await this.#call(`readdir ${path}`);
    const node = this.#get(path);
    if (node.kind !== 'directory') throw errno('ENOTDIR', path);
    return [...node.entries.keys()];
  }

  async lstat(path: string): Promise<FsStat> {
    await this.#call(`lstat ${path}`);
    return toStat(this.#get(path));
  }

  async realpath(path: string): Promise<string> {
    await this.#call(`realpath ${path}`);
    this.#get(path);
    return path;
  }

  #handle(node: Node, path: string): FsFile {
    return {
      read: async (into, position) => {
        await this.#call(`read ${path}`);
        const part = node.content.subarray(position, position + into.byteLength);
        into.set(part);
        return part.byteLength;
      },
      write: async (from, position) => {
        await this.#call(`write ${path}`);
        const bytes = from.slice(0, this.#options.bytesPerWrite ?? 1000);
        node.writes.push({ position, bytes });
        node.content = applyWrite(node.content, position, bytes);
        node.mtimeMs = this.#clock;
        return bytes.byteLength;
      },
      stat: async () => {
        await this.#call(`fstat ${path}`);
        return toStat(node);
      },
      touch: async () => {
        await this.#call(`touch ${path}`);
        node.mtimeMs = this.#clock;
        node.ctimeMs = this.#clock;
      },
      sync: async () => {
        await this.#call(`fsync ${path}`);
        node.durable = node.content.slice();
        node.writes = [];
        node.durableEntries = new Map(node.entries);
        node.entryChanges = [];
      },
      close: () => this.#call(`close ${path}`),
    };
  }

  async #call(what: string): Promise<void> {
    await this.#options.turn?.();
    if (this.calls >= (this.#options.crashAfter ?? Number.POSITIVE_INFINITY)) throw new SimulatedCrash(`crashed before: ${what}`);
    this.calls += 1;
    this.#clock += 1;
    this.log.push(what);
  }

  #node(kind: Node['kind']): Node {
    this.#nextIno += 1;
    const empty = () => new Uint8Array(0);
    const times = { mtimeMs: this.#clock, ctimeMs: this.#clock };
    const directory = { entries: new Map<string, Node>(), durableEntries: new Map<string, Node>(), entryChanges: [] };
    return { ino: this.#nextIno, kind, ...times, content: empty(), durable: empty(), writes: [], ...directory };
  }

  #change(directory: Node, change: (readonly [string, Node | null])[]): void {
    for (const [name, node] of change) {
      if (node === null) directory.entries.delete(name);
      else directory.entries.set(name, node);
    }
    directory.entryChanges.push(change);
    directory.mtimeMs = this.#clock;
  }

  #get(path: string): Node {
    let node = this.#root;
    for (const name of path.split('/').filter((part) => part !== '')) {
      if (node.kind !== 'directory') throw errno('ENOTDIR', path);
      const next = node.entries.get(name);
      if (next === undefined) throw errno('ENOENT', path);
      node = next;
    }
    return node;
  }

  #parent(path: string): { readonly parent: Node; readonly name: string } {
    const at = path.lastIndexOf('/');
    const parent = this.#get(path.slice(0, at));
    if (parent.kind !== 'directory') throw errno('ENOTDIR', path);
    return { parent, name: path.slice(at + 1) };
  }
}

function survivingContent(node: Node, random: () => number): Uint8Array {
  let content: Uint8Array = node.durable.slice();
  for (const { position, bytes } of node.writes) {
    const chance = random();
    if (chance < 0.4) continue;
    const part = chance < 0.6 ? bytes.subarray(0, Math.floor(random() * bytes.byteLength)) : bytes;
    content = applyWrite(content, position, part);
  }
  return content;
}

function applyWrite(content: Uint8Array, position: number, bytes: Uint8Array): Uint8Array {
  const grown = new Uint8Array(Math.max(content.byteLength, position + bytes.byteLength));
  grown.set(content);
  grown.set(bytes, position);
  return grown;
}

function toStat(node: Node): FsStat {
  return { kind: node.kind, size: node.content.byteLength, dev: 1, ino: node.ino, mtimeMs: node.mtimeMs, ctimeMs: node.ctimeMs };
}

function errno(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code });
}
