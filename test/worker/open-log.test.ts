import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { temporaryDirectory } from '../helpers/store-faults.ts';

test('a log is opened as standard output and error while other threads open files, again and again', async (t) => {
  const root = await temporaryDirectory(t);
  const log = join(root, 'worker.log');
  const script = join(root, 'busy.mjs');
  const module = JSON.stringify(new URL('../../src/worker/open-log.ts', import.meta.url).href);
  await writeFile(
    script,
    `import { once } from 'node:events';
    import { fstatSync, statSync } from 'node:fs';
    import { setImmediate } from 'node:timers/promises';
    import { Worker } from 'node:worker_threads';
    import { openLog } from ${module};
    const opener = "const { closeSync, openSync } = require('node:fs'); for (;;) closeSync(openSync('/dev/null'));";
    const threads = [1, 2].map(() => new Worker(opener, { eval: true }));
    // A thread that starts keeps descriptors of its own for good: it must have them before.
    await Promise.all(threads.map((thread) => once(thread, 'online')));
    for (let time = 0; time < 2_000; time += 1) {
      await openLog(${JSON.stringify(log)});
      for (const descriptor of [1, 2])
        if (fstatSync(descriptor).ino !== statSync(${JSON.stringify(log)}).ino) process.exit(2);
      await setImmediate();
    }
    await Promise.all(threads.map((thread) => thread.terminate()));
    process.stdout.write('to the one\\n');
    process.stderr.write('to the other\\n');`,
  );
  const child = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), script], { stdio: 'ignore' });
  assert.deepEqual(await once(child, 'exit'), [0, null]);
  assert.equal(await readFile(log, 'utf8'), 'to the one\nto the other\n');
});
