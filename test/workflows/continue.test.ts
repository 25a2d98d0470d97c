import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { findServerBinary } from '../../src/server/binary/find-server-binary.ts';
import { temporaryDirectory } from '../helpers/store-faults.ts';
import { waitFor } from '../helpers/temporal-server.ts';
import { busy, cancelled, PUBLISHED, RESULT, SUMMARY, startRuns } from './support.ts';

/** Has the servers of this process call a history long after a few events, not thousands. */
async function shortHistories(directory: string): Promise<void> {
  const { path } = await findServerBinary({ env: process.env });
  const wrapper = join(directory, 'temporal');
  const options = '--dynamic-config-value limit.historyCount.suggestContinueAsNew=8';
  await writeFile(wrapper, `#!/bin/sh\nif [ "$1" = server ]; then set -- "$@" ${options}; fi\nexec '${path}' "$@"\n`, { mode: 0o755 });
  process.env['TEMPORAL_CLI_PATH'] = wrapper;
}

test('a run whose history has grown long goes on after a stage in a new run of the workflow, unless it is cancelled', async (t) => {
  await shortHistories(await temporaryDirectory(t));
  const runs = await startRuns();
  t.after(() => runs.stop());
  const stages = [0, 1].map((index) => ({ ...SUMMARY.stages[0], index, name: `stage-${index}` })) as unknown as typeof SUMMARY.stages;
  const seen: string[] = [];
  const steps = {
    plan: async () => ({ ...SUMMARY, stages }),
    checkpoint: async ({ stage }: { readonly stage: number }) => {
      seen.push(`checkpoint ${stage}`);
      if (stage === 0) await busy(1_000); // it does not stop for a cancel
      return { ...RESULT, index: stage };
    },
    publish: async () => {
      seen.push('publish');
      return PUBLISHED;
    },
  };
  await runs.withRun(steps, async (handle) => {
    const { runId } = await handle.describe();
    assert.deepEqual(await handle.result(), PUBLISHED);
    assert.notEqual((await handle.describe()).runId, runId, 'it went on in another');
    assert.deepEqual(seen.splice(0), ['checkpoint 0', 'checkpoint 1', 'publish']);
  });
  await runs.withRun(steps, async (handle) => {
    const { runId } = await handle.describe();
    await waitFor(() => seen.length === 1, 'the checkpoint');
    assert.equal((await cancelled(handle)).status, 'CANCELLED');
    assert.equal((await handle.describe()).runId, runId, 'there is no other');
    assert.deepEqual(seen, ['checkpoint 0']);
  });
});
