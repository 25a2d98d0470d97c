import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { forkWorker } from '../../src/cli/fork-worker.ts';
import { stateLayout } from '../../src/contracts/state-directory.ts';
import type { ServeMessage } from '../../src/worker/serve.ts';
import { killEverythingOf, untilNoProcessOf } from '../helpers/e2e-processes.ts';
import { temporaryDirectory } from '../helpers/store-faults.ts';
import { testServerEnvironment } from '../helpers/temporal-server.ts';

/** Processes forked from now on are found by this directory in their environment. */
const MARK = 'ROOTSTOCK_TEST_SERVE';

async function makeRoot(t: TestContext): Promise<string> {
  const root = await temporaryDirectory(t);
  t.after(() => killEverythingOf(root));
  return root;
}

test('a worker whose command went between its order and its work ends, and starts no server', async (t) => {
  const root = await makeRoot(t);
  const stateDir = join(root, 'state');
  const module = (name: string) => JSON.stringify(new URL(`../../src/worker/${name}.ts`, import.meta.url).href);
  const script = join(root, 'late.mjs');
  await writeFile(
    script,
    `import { openMailbox } from ${module('mailbox')};
    import { serve } from ${module('serve')};
    const mailbox = openMailbox();
    process.once('disconnect', async () => {
      await serve({ stateDir: ${JSON.stringify(stateDir)}, register: [] }, { hold: { storeId: 'none' }, mailbox });
      process.exit(0);
    });
    process.send('here');`,
  );
  const worker = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), script], {
    env: { ...testServerEnvironment(), [MARK]: root },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  await once(worker, 'message');
  const ended = once(worker, 'exit');
  worker.disconnect();
  await untilNoProcessOf(root);
  assert.deepEqual(await ended, [0, null]);
  assert.equal(existsSync(stateLayout(stateDir).server), false);
});

test('a worker that cannot open its log while it loads its code says why', async (t) => {
  const root = await makeRoot(t);
  const log = join(root, 'nowhere', 'worker.log');
  const order: ServeMessage = { serve: { stateDir: join(root, 'state'), register: [] }, log, hold: null };
  const [answer] = (await answerOf(root, order)) as [{ readonly code: string; readonly message: string }];
  assert.equal(answer.code, 'OUTPUT_UNWRITABLE');
  assert.match(answer.message, /nowhere\/worker\.log" cannot be written \(ENOENT\)/u);
});

/** The first message of a worker that is told as soon as it is forked, or how it ended. */
async function answerOf(root: string, order: ServeMessage): Promise<readonly unknown[]> {
  const before = process.env;
  process.env = { ...testServerEnvironment(), [MARK]: root };
  const child: ChildProcess = forkWorker();
  process.env = before;
  child.send(order);
  return Promise.race([once(child, 'message'), once(child, 'exit')]);
}
