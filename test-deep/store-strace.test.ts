import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { openFsStore } from '../src/artifacts/fs-store.ts';
import type { Ref } from '../src/contracts/refs.ts';

const script = fileURLToPath(new URL('commit-store.ts', import.meta.url));

/** Runs one commit with a fault injected into the n-th call of a system call (0 fsyncs and links of Node's own start-up are not counted: it makes none). */
function commitUnder(directory: string, inject: string) {
  const words = [
    '-f',
    '-qq',
    '-o',
    '/dev/null',
    '-e',
    `inject=${inject}`,
    process.execPath,
    '--import',
    import.meta.resolve('tsx'),
    script,
    directory,
  ];
  return spawnSync('strace', words, { encoding: 'utf8' });
}

/** What a reader finds afterwards: nothing, or all of it. */
async function afterwards(directory: string): Promise<'nothing' | 'everything'> {
  const store = await openFsStore(directory);
  const document = await store.read('runs/committed');
  if (document === undefined) return 'nothing';
  const ref = JSON.parse(Buffer.from(document).toString()) as Ref;
  const reader = await store.open(ref); // verifies the digest
  const bytes = new Uint8Array(ref.byteLength);
  await reader.read(0, bytes);
  await reader.close();
  assert.ok(bytes.every((byte) => byte === 7));
  return 'everything';
}

async function inStore(use: (directory: string) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'rootstock-strace-'));
  try {
    await use(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

for (const call of ['fsync', 'link']) {
  test(`a SIGKILL at any ${call} of a real commit leaves a name with all its bytes, or nothing`, async () => {
    const seen = new Set<string>();
    for (let n = 1; n <= 40; n += 1) {
      let finished = false;
      await inStore(async (directory) => {
        const { signal, stdout, stderr } = commitUnder(directory, `${call}:signal=SIGKILL:when=${n}`);
        finished = stdout.includes('committed');
        assert.ok(finished || signal === 'SIGKILL' || stderr === '', stderr);
        const found = await afterwards(directory);
        if (finished) assert.equal(found, 'everything', 'what was reported as committed is there');
        seen.add(found);
      });
      if (finished) break;
    }
    assert.ok(seen.has('nothing') && seen.has('everything'), `the kills met the commit: ${[...seen].join(', ')}`);
  });
}

for (const [call, error] of [
  ['fsync', 'EIO'],
  ['pwrite64', 'ENOSPC'],
] as const) {
  test(`${error} from ${call} is STORE_IO, and the same commit succeeds afterwards`, async () => {
    await inStore(async (directory) => {
      const { status, stderr, stdout } = commitUnder(directory, `${call}:error=${error}:when=1+`);
      assert.equal(stdout, '');
      assert.notEqual(status, 0);
      assert.match(stderr, new RegExp(`STORE_IO|${error}`, 'u'));
      const again = spawnSync(process.execPath, ['--import', import.meta.resolve('tsx'), script, directory], { encoding: 'utf8' });
      assert.equal(again.stdout, 'committed\n', again.stderr);
      assert.equal(await afterwards(directory), 'everything');
    });
  });
}
