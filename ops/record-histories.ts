// Records the golden histories that test/workflows/replay.test.ts replays: node --import tsx ops/record-histories.ts [NAME...]
// Record them anew only for a release: the point of old ones is that new workflow code still replays them.
import assert from 'node:assert/strict';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { planDefinition } from '../src/client/build-plan.ts';
import { connectRootstock, type RootstockClient } from '../src/client/connect.ts';
import { cancelRun, retryRun } from '../src/client/control-run.ts';
import { followRun } from '../src/client/follow-run.ts';
import { startPlanned } from '../src/client/start-run.ts';
import type { JsonObject } from '../src/contracts/json.ts';
import { toModuleUrls } from '../src/models/load-models.ts';
import { createWorker } from '../src/worker/create-worker.ts';
import { installRuntime } from '../src/worker/runtime.ts';
import { documentWith } from '../test/activities/support.ts';
import { MODEL_ENV } from '../test/helpers/e2e-model.ts';
import {
  MODEL_MODULE,
  makeWorkspace,
  preTrainingDocument,
  removeWorkspace,
  type Workspace,
  writeRun,
} from '../test/helpers/e2e-workspace.ts';
import { startTestServer } from '../test/helpers/temporal-server.ts';

const register = [MODEL_MODULE];

/** The run of the end-to-end tests under a name of its own. */
const runOf = (name: string, trainer: JsonObject, more: JsonObject = {}): JsonObject => ({
  ...documentWith(trainer, more),
  name,
  output: { path: `models/${name}` },
});

/** It is over in a moment. */
const SHORT = { max_epochs: 1, limit_train_batches: 4 };

/** What a scenario may use. */
interface Stage {
  readonly workspace: Workspace;
  readonly connected: RootstockClient;
}

/** Runs a document until it ends or waits for a person. */
async function run({ workspace, connected }: Stage, document: JsonObject, onProgress: () => Promise<void> = async () => undefined) {
  await writeRun(workspace.runFile, document);
  const planned = await planDefinition(workspace.runFile, { stateDir: workspace.stateDir, register });
  const target = await startPlanned(connected, planned);
  return follow({ workspace, connected }, target.workflowId, onProgress);
}

async function follow({ connected }: Stage, workflowId: string, onProgress: () => Promise<void> = async () => undefined) {
  let last = '';
  let progressed = false;
  for await (const event of followRun(connected, { workflowId })) {
    last = event.event;
    if (event.event === 'progress' && !progressed) {
      progressed = true;
      await onProgress();
    }
  }
  return { workflowId, last };
}

/** Waits for the second attempt of an activity. */
async function untilRetried({ connected }: Stage, workflowId: string, activity: string): Promise<void> {
  for (;;) {
    const { raw } = await connected.client.workflow.getHandle(workflowId).describe();
    if (raw.pendingActivities?.some(({ activityType, attempt }) => activityType?.name === activity && (attempt ?? 1) > 1) === true) return;
    await sleep(100);
  }
}

const scenarios: Readonly<Record<string, (stage: Stage) => Promise<string>>> = {
  async 'fresh-one-stage'(stage) {
    const { workflowId, last } = await run(stage, preTrainingDocument('fresh-one-stage'));
    assert.equal(last, 'completed');
    return workflowId;
  },
  async 'transfer-with-child-and-baseline'(stage) {
    await writeRun(join(stage.workspace.root, 'pretrain.yaml'), preTrainingDocument('parent'));
    const document = runOf('transfer-with-child-and-baseline', SHORT, { evaluation: { metrics: ['accuracy'], baseline: 'from_scratch' } });
    const text = JSON.stringify(document).replace('"pre_trained_model_path":"pretrained"', '"pre_trained_model_path":"pretrain.yaml"');
    const { workflowId, last } = await run(stage, JSON.parse(text) as JsonObject);
    assert.equal(last, 'completed');
    return workflowId;
  },
  async cancelled(stage) {
    process.env[MODEL_ENV.delay] = '500';
    const document = runOf('cancelled', {}, { seed: 4 });
    const { workflowId, last } = await run(stage, document, () => cancelRun(stage.connected, 'cancelled'));
    delete process.env[MODEL_ENV.delay];
    assert.equal(last, 'cancelled');
    return workflowId;
  },
  async 'cancelled-while-publishing'(stage) {
    process.env[MODEL_ENV.delay] = '500';
    const name = 'cancelled-while-publishing';
    // What it is to remove is not the file that it looks like: it fails, and is tried again.
    const former = join(stage.workspace.root, 'models', `${name}.old-0`);
    await mkdir(join(former, 'weights.safetensors'), { recursive: true });
    await writeFile(join(former, 'manifest.json'), JSON.stringify({ name, files: { 'weights.safetensors': {} } }));
    const { workflowId, last } = await run(stage, runOf(name, SHORT, { seed: 6 }), async () => {
      delete process.env[MODEL_ENV.delay];
      await untilRetried(stage, name, 'publish');
      await cancelRun(stage.connected, name);
    });
    assert.equal(last, 'cancelled');
    return workflowId;
  },
  async 'parked-then-retried'(stage) {
    await writeFile(stage.workspace.faultFile, 'nan');
    const document = runOf('parked-then-retried', { max_epochs: 1 }, { seed: 5 });
    assert.equal((await run(stage, document)).last, 'needs_attention');
    await rm(stage.workspace.faultFile);
    await retryRun(stage.connected, 'parked-then-retried');
    const { workflowId, last } = await follow(stage, 'parked-then-retried');
    assert.equal(last, 'completed');
    return workflowId;
  },
};

/** All of them unless some are named. */
const wanted = process.argv.slice(2);
assert.deepEqual(
  wanted.filter((name) => !(name in scenarios)),
  [],
  'there are scenarios of these names',
);

installRuntime();
const workspace = await makeWorkspace(undefined);
process.env[MODEL_ENV.fault] = workspace.faultFile;
const server = await startTestServer({ stateDir: workspace.stateDir });
const worker = await createWorker({ stateDir: workspace.stateDir, register: toModuleUrls(register) });
const working = worker.run();
const connected = await connectRootstock({ stateDir: workspace.stateDir });
try {
  for (const [name, scenario] of Object.entries(scenarios)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    const workflowId = await scenario({ workspace, connected });
    const history = await connected.client.workflow.getHandle(workflowId).fetchHistory();
    const text = anonymise(historyToJSON(history));
    await writeFile(new URL(`../test/fixtures/histories/${name}.json`, import.meta.url), `${text}\n`);
    process.stdout.write(`${name}: ${history.events?.length} events, ${text.length} bytes\n`);
  }
} finally {
  worker.shutdown();
  await working;
  await connected.close();
  await server.stop();
  await removeWorkspace(workspace);
}

/** Takes out what tells about the machine: replay reads neither stack traces nor the insides of payloads' texts. */
function anonymise(json: string): string {
  const root = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/u, '');
  const clean = (text: string) =>
    text.replaceAll(workspace.root, '/runs').replaceAll(root, '/rootstock').replaceAll(hostname(), 'recorder');
  const visit = (value: unknown, key: string): unknown => {
    if (typeof value === 'string') {
      if (key === 'stackTrace') return undefined;
      if (key === 'data') return Buffer.from(clean(Buffer.from(value, 'base64').toString('utf8'))).toString('base64');
      return clean(value);
    }
    if (Array.isArray(value)) return value.map((item) => visit(item, ''));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, visit(member, name)]));
  };
  return JSON.stringify(visit(JSON.parse(json), ''));
}
