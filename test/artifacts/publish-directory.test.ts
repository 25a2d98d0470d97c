import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, realpath, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { checkOutput } from '../../src/artifacts/check-output.ts';
import { storeIo } from '../../src/artifacts/fs-errors.ts';
import { type FsPort, nodeFs } from '../../src/artifacts/fs-port.ts';
import { openFsStore } from '../../src/artifacts/fs-store.ts';
import { tempName } from '../../src/artifacts/fs-temp.ts';
import { publishDirectory } from '../../src/artifacts/publish-directory.ts';
import type { PublishDirectoryInput } from '../../src/artifacts/published-file.ts';
import type { ArtifactStore } from '../../src/artifacts/store.ts';
import { RootstockError } from '../../src/errors.ts';
import { faultyFs, temporaryDirectory } from '../helpers/store-faults.ts';
import { SimFs, SimulatedCrash } from '../helpers/store-sim-fs.ts';

const bytes = (text: string) => new Uint8Array(Buffer.from(text));
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const code = (expected: string) => (error: unknown) => error instanceof RootstockError && error.code === expected;

async function place(context: TestContext): Promise<{ store: ArtifactStore; output: string; parent: string }> {
  const directory = await temporaryDirectory(context);
  const store = await openFsStore(join(directory, 'store'));
  const output = join(store.location, '..', 'models', 'digits');
  return { store, output, parent: dirname(output) };
}

async function input(store: ArtifactStore, output: string, weights: string): Promise<PublishDirectoryInput> {
  return {
    output,
    store,
    marker: { name: 'digits', runDigest: 'r' },
    files: [
      { name: 'weights.safetensors', ref: await store.put([bytes(weights)]) },
      { name: 'model_config.json', body: bytes('{}') },
      { name: 'metrics.csv', write: (path) => writeFile(path, `loss of ${weights}`) },
    ],
  };
}

const weightsOf = (output: string) => readFile(join(output, 'weights.safetensors'), 'utf8');

test('a directory is published with every file and a manifest that lists their digests', async (context) => {
  const { store, output, parent } = await place(context);
  const result = await publishDirectory(await input(store, output, 'one'));
  assert.deepEqual({ ...result, output: '' }, { output: '', changed: true, kept: [] });
  assert.deepEqual((await readdir(output)).sort(), ['manifest.json', 'metrics.csv', 'model_config.json', 'weights.safetensors']);
  const manifest = JSON.parse(await readFile(join(output, 'manifest.json'), 'utf8')) as Record<string, unknown>;
  assert.equal(manifest.name, 'digits');
  assert.deepEqual(manifest.files, {
    'metrics.csv': { sha256: sha256('loss of one'), byteLength: 11 },
    'model_config.json': { sha256: sha256('{}'), byteLength: 2 },
    'weights.safetensors': { sha256: sha256('one'), byteLength: 3 },
  });
  assert.deepEqual(await readdir(parent), ['digits']);
});

test('the same content again changes nothing', async (context) => {
  const { store, output, parent } = await place(context);
  await publishDirectory(await input(store, output, 'one'));
  const manifest = join(output, 'manifest.json');
  await writeFile(join(output, 'notes.txt'), 'mine');
  const before = await readFile(manifest);
  assert.equal((await publishDirectory(await input(store, output, 'one'))).changed, false);
  assert.deepEqual(await readFile(manifest), before);
  assert.equal(await readFile(join(output, 'notes.txt'), 'utf8'), 'mine');
  assert.deepEqual(await readdir(parent), ['digits']);
});

test('another content replaces an earlier output of the same run', async (context) => {
  const { store, output, parent } = await place(context);
  await publishDirectory(await input(store, output, 'one'));
  assert.equal((await publishDirectory(await input(store, output, 'two'))).changed, true);
  assert.equal(await weightsOf(output), 'two');
  assert.deepEqual(await readdir(parent), ['digits']);
});

test("a user's own files in an earlier output are never deleted", async (context) => {
  const { store, output } = await place(context);
  await publishDirectory(await input(store, output, 'one'));
  await writeFile(join(output, 'notes.txt'), 'mine');
  const { kept } = await publishDirectory(await input(store, output, 'two'));
  assert.equal(kept.length, 1);
  assert.equal(await readFile(join(kept[0] ?? '', 'notes.txt'), 'utf8'), 'mine');
  assert.equal(await weightsOf(output), 'two');
});

test('an edited output is put right', async (context) => {
  const { store, output } = await place(context);
  await publishDirectory(await input(store, output, 'one'));
  await writeFile(join(output, 'weights.safetensors'), 'eno');
  assert.equal((await publishDirectory(await input(store, output, 'one'))).changed, true);
  assert.equal(await weightsOf(output), 'one');
  const kept = await store.open(await store.put([bytes('one')]));
  assert.equal(kept.byteLength, 3);
  await kept.close();
});

test('what belongs to something else is OUTPUT_EXISTS, in planning and at publishing, and stays as it is', async (context) => {
  const { store, output, parent } = await place(context);
  const refuse = async (message: RegExp) => {
    const planned = await input(store, output, 'one');
    for (const call of [() => checkOutput(output, 'digits'), () => publishDirectory(planned)]) {
      await assert.rejects(call, (error) => code('OUTPUT_EXISTS')(error) && message.test(String(error)));
    }
    assert.deepEqual(await readdir(parent), ['digits']);
  };
  await mkdir(parent, { recursive: true });
  await writeFile(output, 'a file');
  await refuse(/it is not a directory/);
  await rename(output, join(store.location, '..', 'elsewhere'));
  await symlink(parent, output);
  await refuse(/it is a symbolic link/);
  await rename(output, join(store.location, '..', 'link'));
  await mkdir(output);
  await writeFile(join(output, 'thesis.tex'), 'x');
  await refuse(/it holds files that no run of Rootstock made \(thesis\.tex\)/);
  await writeFile(join(output, 'manifest.json'), '{"name":"digits","manifest_version":3}');
  await refuse(/no run of Rootstock made/);
  await writeFile(join(output, 'manifest.json'), '{"name":"other","files":{}}');
  await refuse(/it is the output of the run "other"/);
});

for (const errno of ['EPERM', 'EACCES', 'EROFS', 'ENAMETOOLONG', 'ELOOP']) {
  test(`${errno} at publishing is OUTPUT_UNWRITABLE, which says that a retry publishes or where else to go`, async (context) => {
    const { store, output } = await place(context);
    const fs = faultyFs(({ kind, path }) => (kind === 'mkdir' && path.includes('.staged-') ? { errno } : undefined));
    await assert.rejects(publishDirectory({ ...(await input(store, output, 'one')), fs }), (error: RootstockError) => {
      assert.equal(error.code, 'OUTPUT_UNWRITABLE');
      assert.match(error.message, new RegExp(`"${output}" cannot be written\\.\\n {2}${dirname(output)}: .*\\(${errno}\\)\\nFix: `, 'u'));
      assert.match(error.message, /output\.path to another directory and use `rootstock run --replace`; finished stages are reused/u);
      return true;
    });
  });
}

for (const errno of ['EROFS', 'EACCES', 'EPERM']) {
  test(`an output of this very run, whole, where nothing can be written by now (${errno}) is a publication that changes nothing`, async (context) => {
    const { store, output, parent } = await place(context);
    const ofRun = async (weights: string, runDigest: string, node: string) => ({
      ...(await input(store, output, weights)),
      marker: { name: 'digits', run_digest: runDigest, versions: { node } },
    });
    await publishDirectory(await ofRun('one', 'r', '20'));
    await mkdir(`${output}.staged-${(await tempName()).replace(`~${process.pid}~`, '~999999999~')}`); // of an attempt that died before that
    const before = await readdir(parent);
    const writing = new Set(['link', 'write', 'rename', 'unlink', 'mkdir']);
    const faulty = faultyFs(({ kind, path }) => (writing.has(kind) && path.startsWith(join(parent, '/')) ? { errno } : undefined));
    const fs: FsPort = { ...faulty, rmdir: () => Promise.reject(Object.assign(new Error(errno), { code: errno })) };
    const publish = async (...run: Parameters<typeof ofRun>) => publishDirectory({ ...(await ofRun(...run)), fs });

    // What the manifest says of the versions would be replaced, were it not for the disk.
    assert.deepEqual(await publish('one', 'r', '22'), { output: join(await realpath(parent), 'digits'), changed: false, kept: [] });
    await assert.rejects(publish('one', 'another', '20'), code('OUTPUT_UNWRITABLE'), 'of another configuration');
    await assert.rejects(publish('two', 'r', '20'), code('OUTPUT_UNWRITABLE'), 'trained anew, to other bits');
    await writeFile(join(output, 'metrics.csv'), 'mine');
    await assert.rejects(publish('one', 'r', '20'), code('OUTPUT_UNWRITABLE'), 'edited');
    await rm(join(output, 'metrics.csv'));
    await assert.rejects(publish('one', 'r', '20'), code('OUTPUT_UNWRITABLE'), 'in part');
    await writeFile(join(output, 'manifest.json'), '{"name":"other","files":{}}');
    await assert.rejects(publish('one', 'r', '20'), code('OUTPUT_EXISTS'));
    assert.deepEqual(await readdir(parent), before);
  });
}

test('a former output that cannot be removed is told although the new one is in its place', async (context) => {
  const { store, output } = await place(context);
  const ofRun = async (weights: string) => ({ ...(await input(store, output, weights)), marker: { name: 'digits', run_digest: weights } });
  await publishDirectory(await ofRun('one'));
  const fs = faultyFs(({ kind, path }) => (kind === 'unlink' && path.includes('.old-') ? { errno: 'EPERM' } : undefined));
  await assert.rejects(publishDirectory({ ...(await ofRun('two')), fs }), code('OUTPUT_UNWRITABLE'));
  assert.equal(await weightsOf(output), 'two');
});

test('an output below a file is OUTPUT_UNWRITABLE', async (context) => {
  const { store, output } = await place(context);
  await writeFile(dirname(output), 'a file');
  for (const path of [output, join(output, 'deep')])
    await assert.rejects(publishDirectory(await input(store, path, 'one')), (error) => code('OUTPUT_UNWRITABLE')(error));
});

test('a full or broken disk stays STORE_IO at publishing, and so does a store that may not be read', async (context) => {
  const { store, output } = await place(context);
  const planned = await input(store, output, 'one');
  for (const errno of ['ENOSPC', 'EIO', 'EDQUOT']) {
    const fs = faultyFs(({ kind, path }) => (kind === 'mkdir' && path.includes('.staged-') ? { errno } : undefined));
    await assert.rejects(publishDirectory({ ...planned, fs }), code('STORE_IO'), errno);
  }
  const locked = { ...store, open: () => storeIo('open', join(store.location, 'blobs'), () => Promise.reject(refusal())) };
  await assert.rejects(publishDirectory({ ...planned, store: locked }), code('STORE_IO'));
});

test('a file system that calls the directory above missing although it is there ends the making of a path', async (context) => {
  const { store, output } = await place(context);
  await mkdir(dirname(output));
  const asked: string[] = [];
  const fs: FsPort = {
    ...nodeFs,
    async mkdir(path) {
      asked.push(path);
      assert.ok(asked.length < 100, 'it goes on for ever');
      if (path === dirname(output)) throw Object.assign(new Error('it is there'), { code: 'EEXIST' });
      throw Object.assign(new Error('/proc says so'), { code: 'ENOENT' });
    },
  };
  await assert.rejects(publishDirectory({ ...(await input(store, join(output, 'deep'), 'one')), fs }), code('OUTPUT_UNWRITABLE'));
});

function refusal(): Error {
  return Object.assign(new Error('not for you'), { code: 'EACCES' });
}

test('a free place, an empty directory and an earlier output of the run are fine', async (context) => {
  const { store, output } = await place(context);
  assert.deepEqual(await checkOutput(output, 'digits'), { kind: 'free' });
  await mkdir(output, { recursive: true });
  assert.deepEqual(await checkOutput(output, 'digits'), { kind: 'free' });
  await publishDirectory(await input(store, output, 'one'));
  const state = await checkOutput(output, 'digits');
  assert.equal(state.kind === 'earlier' && state.manifest.runDigest, 'r');
});

test('staging directories of dead attempts are swept, those of living ones stay', async (context) => {
  const { store, output, parent } = await place(context);
  const own = await tempName();
  const living = `digits.staged-${own}`;
  for (const name of [living, living.replace(`~${process.pid}~`, '~999999999~')]) {
    await mkdir(join(parent, name), { recursive: true });
    await writeFile(join(parent, name, 'weights.safetensors'), 'half');
  }
  await publishDirectory(await input(store, output, 'one'));
  assert.deepEqual((await readdir(parent)).sort(), ['digits', living]);
});

test('a file name that could leave the directory is refused', async (context) => {
  const { store, output } = await place(context);
  for (const name of ['../x', 'a/b', '.hidden', '', 'manifest.json']) {
    await assert.rejects(publishDirectory({ ...(await input(store, output, 'one')), files: [{ name, body: bytes('x') }] }), code('USAGE'));
  }
});

test('a failing file leaves the earlier output and nothing beside it', async (context) => {
  const { store, output, parent } = await place(context);
  await publishDirectory(await input(store, output, 'one'));
  const failing = { name: 'metrics.csv', write: async () => Promise.reject(new Error('no metrics')) };
  await assert.rejects(publishDirectory({ ...(await input(store, output, 'two')), files: [failing] }), /no metrics/);
  assert.equal(await weightsOf(output), 'one');
  assert.deepEqual(await readdir(parent), ['digits']);
});

test('a power cut after any call of a publication leaves a whole output, and calling again finishes it', async () => {
  const [root, output] = ['/home/state/store', '/home/models/digits'];
  const publish = async (fs: SimFs, weights: string) => {
    const store = await openFsStore(root, { fs });
    const ref = await store.put([bytes(weights)]);
    const files = [{ name: 'weights.safetensors', ref }] as const;
    return publishDirectory({ output, store, marker: { name: 'digits' }, files, fs });
  };
  for (const seed of [1, 2]) {
    for (let crashAfter = 0; ; crashAfter += 1) {
      const fs = new SimFs();
      await publish(fs, 'old '.repeat(500));
      fs.restart({ crashAfter });
      let returned = false;
      try {
        await publish(fs, 'new '.repeat(500));
        returned = true;
      } catch (error) {
        if (!(error instanceof SimulatedCrash)) throw error;
      }
      const where = `seed ${seed}, after call ${crashAfter}: ${fs.log.at(-1)}`;
      fs.crash(seed * 10_007 + crashAfter);
      const kind = await outputKind(fs, output);
      // Between the two renames the old output has its other name.
      if (kind === 'none') assert.equal(await outputKind(fs, `${output}.old-0`), 'old', where);
      if (returned) assert.equal(kind, 'new', where);
      await publish(fs, 'new '.repeat(500));
      assert.equal(await outputKind(fs, output), 'new', where);
      assert.deepEqual(
        fs.files().filter((path) => path.startsWith(`${output}.old-`)),
        [],
        where,
      );
      if (returned) break;
    }
  }
});

async function outputKind(fs: SimFs, directory: string): Promise<string> {
  const path = `${directory}/weights.safetensors`;
  if (!fs.files().includes(path)) return 'none';
  const file = await fs.open(path, 'read');
  const content = new Uint8Array(3000);
  const text = Buffer.from(content.subarray(0, await file.read(content, 0))).toString();
  return text === 'old '.repeat(500) ? 'old' : text === 'new '.repeat(500) ? 'new' : 'broken';
}
