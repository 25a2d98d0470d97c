import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import type { WorkflowHandle } from '@temporalio/client';
import type { RunStatus } from '../../src/contracts/run-state.ts';
import type { StageActivities } from '../../src/contracts/stage-activities.ts';
import { ABORT_UPDATE, SEARCH_ATTRIBUTES, STATUS_QUERY } from '../../src/contracts/workflow.ts';
import { waitFor } from '../helpers/temporal-server.ts';
import { broken, busy, cancelled, full, PUBLISHED, QUICK, RESULT, type Runs, startRuns } from './support.ts';

let runs: Runs;

before(async () => {
  runs = await startRuns();
});

after(() => runs.stop());

const withRun: Runs['withRun'] = (steps, act) => runs.withRun(steps, act);

/** What a run has announced of itself, in order. */
async function announced(handle: WorkflowHandle): Promise<readonly string[]> {
  const { events } = await handle.fetchHistory();
  return (events ?? []).flatMap(({ upsertWorkflowSearchAttributesEventAttributes: upsert }) => {
    const data = upsert?.searchAttributes?.indexedFields?.[SEARCH_ATTRIBUTES.status]?.data;
    return data == null ? [] : [JSON.parse(Buffer.from(data).toString('utf8')) as string];
  });
}

/** Cancels a run while an attempt is at work that fails then: it ends as cancelled and never waits for anyone. */
async function cancelledWhileFailing(step: keyof StageActivities, failure: () => Error): Promise<void> {
  let begun = false;
  const failing = async () => {
    begun = true;
    await busy(600);
    throw failure();
  };
  await withRun({ [step]: failing }, async (handle) => {
    await waitFor(() => begun, 'the attempt');
    assert.equal((await cancelled(handle)).status, 'CANCELLED');
    assert.deepEqual(await announced(handle), ['running', 'cancelled']);
    assert.equal((await handle.query<RunStatus>(STATUS_QUERY)).parked, null);
  });
}

for (const step of ['checkpoint', 'publish'] as const) {
  test(`a cancel that comes between two attempts of ${step} ends the run at once`, async () => {
    let attempts = 0;
    const failing = async () => {
      attempts += 1;
      throw full();
    };
    await withRun({ [step]: failing }, async (handle) => {
      await waitFor(() => attempts >= 5, 'five attempts'); // the next one is more than a second away
      const before = attempts;
      const { status, ms } = await cancelled(handle);
      assert.equal(status, 'CANCELLED');
      assert.ok(ms < 1_200, `it took ${Math.round(ms)} ms`);
      assert.equal(attempts, before);
    });
  });

  test(`a cancel lets the attempt of ${step} that is at work finish, and there is no other`, async () => {
    const seen = { begun: 0, ended: 0 };
    const slow = async () => {
      seen.begun += 1;
      await busy(1_000);
      seen.ended += 1;
      throw full();
    };
    await withRun({ [step]: slow }, async (handle) => {
      await waitFor(() => seen.begun === 1, 'the attempt');
      assert.equal((await cancelled(handle)).status, 'CANCELLED');
      assert.deepEqual(seen, { begun: 1, ended: 1 });
    });
  });
}

test('a publication that succeeds although it was cancelled meanwhile is a completed run', async () => {
  let begun = false;
  const publish = async () => {
    begun = true;
    await busy(1_000);
    return PUBLISHED;
  };
  await withRun({ publish }, async (handle) => {
    await waitFor(() => begun, 'the attempt');
    assert.equal((await cancelled(handle)).status, 'COMPLETED');
    assert.deepEqual(await handle.result(), PUBLISHED);
  });
});

test('a stage whose trainer was done when the cancel came is checkpointed, in one attempt, and not published', async () => {
  for (const succeeds of [true, false]) {
    const log: string[] = [];
    const train = async (...input: Parameters<StageActivities['train']>) => {
      log.push('train');
      await busy(1_000);
      return QUICK.train(...input);
    };
    const checkpoint = async () => {
      log.push('checkpoint');
      if (!succeeds) throw full();
      return RESULT;
    };
    await withRun({ train, checkpoint, publish: () => assert.fail('nobody asked for it any more') }, async (handle) => {
      await waitFor(() => log.length === 1, 'the trainer');
      assert.equal((await cancelled(handle)).status, 'CANCELLED');
      assert.deepEqual(log, ['train', 'checkpoint']);
    });
  }
});

for (const step of ['plan', 'load', 'match'] as const) {
  for (const failure of [full, broken]) {
    test(`a cancel during ${step} ends the run as cancelled although the attempt at work fails (${failure().message})`, () =>
      cancelledWhileFailing(step, failure));
  }
}

for (const step of ['freeze', 'train', 'checkpoint', 'publish'] as const) {
  test(`a cancelled run whose attempt of ${step} fails asks nobody for attention`, () => cancelledWhileFailing(step, broken));
}

test('a parked run that is cancelled, or aborted, waits for nobody any more', async () => {
  const publish = () => Promise.reject(broken());
  const parked = async (handle: WorkflowHandle) => (await handle.query<RunStatus>(STATUS_QUERY)).parked;
  for (const end of ['CANCELLED', 'FAILED']) {
    await withRun({ publish }, async (handle) => {
      await waitFor(async () => (await parked(handle)) !== null, 'the run to wait');
      if (end === 'CANCELLED') await cancelled(handle);
      else {
        await handle.executeUpdate(ABORT_UPDATE);
        await assert.rejects(handle.result());
      }
      assert.equal((await handle.describe()).status.name, end);
      assert.equal(await parked(handle), null);
    });
  }
});
