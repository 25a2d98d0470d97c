import type { FsFile, FsPort } from '../../src/artifacts/fs-port.ts';
import { SimulatedCrash } from './store-sim-fs.ts';

/** A disk as one of several processes sees it: it has its own moment of death (after `crashAfter` calls) and waits for its turn. */
export function asProcess(disk: FsPort, options: { readonly crashAfter?: number | undefined; readonly turn: () => Promise<void> }): FsPort {
  let calls = 0;
  const call = async (what: string): Promise<void> => {
    await options.turn();
    if (calls >= (options.crashAfter ?? Number.POSITIVE_INFINITY)) throw new SimulatedCrash(`died before: ${what}`);
    calls += 1;
  };
  const guard = (file: FsFile): FsFile => ({
    read: (into, position) => call('read').then(() => file.read(into, position)),
    write: (from, position) => call('write').then(() => file.write(from, position)),
    stat: () => call('fstat').then(() => file.stat()),
    touch: () => call('touch').then(() => file.touch()),
    sync: () => call('fsync').then(() => file.sync()),
    close: () => call('close').then(() => file.close()),
  });
  return {
    open: (path, mode) => call('open').then(async () => guard(await disk.open(path, mode))),
    link: (existing, path) => call('link').then(() => disk.link(existing, path)),
    unlink: (path) => call('unlink').then(() => disk.unlink(path)),
    rename: (from, to) => call('rename').then(() => disk.rename(from, to)),
    mkdir: (path) => call('mkdir').then(() => disk.mkdir(path)),
    rmdir: (path) => call('rmdir').then(() => disk.rmdir(path)),
    readdir: (path) => call('readdir').then(() => disk.readdir(path)),
    lstat: (path) => call('lstat').then(() => disk.lstat(path)),
    realpath: (path) => call('realpath').then(() => disk.realpath(path)),
  };
}
