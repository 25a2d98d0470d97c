import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import test, { before } from 'node:test';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger, Runtime, Worker, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { DeterminismViolationError } from '@temporalio/workflow';

const place = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const HISTORIES = place('../fixtures/histories/');

/** A history as ops/record-histories.ts wrote it. */
interface History {
  readonly events: readonly {
    readonly eventType: string;
    readonly workflowTaskCompletedEventAttributes?: { readonly sdkMetadata?: { readonly coreUsedFlags?: readonly number[] } };
  }[];
}

const read = (name: string) => JSON.parse(readFileSync(`${HISTORIES}${name}.json`, 'utf8')) as History;

const names = readdirSync(HISTORIES)
  .filter((name) => name.endsWith('.json'))
  .map((name) => name.slice(0, -'.json'.length));

/** Bundles the workflows, with one module of theirs replaced where asked for. */
function bundle(replaced: Readonly<Record<string, string>> = {}): Promise<WorkflowBundleWithSourceMap> {
  return bundleWorkflowCode({
    workflowsPath: place('../../workflows/index.ts'),
    logger: new DefaultLogger('ERROR'),
    webpackConfigHook: (config) => ({
      ...config,
      resolve: { ...config.resolve, alias: Object.assign({}, config.resolve?.alias, replaced) },
    }),
  });
}

function replay(workflowBundle: WorkflowBundleWithSourceMap, name: string): Promise<void> {
  return Worker.runReplayHistory({ workflowBundle }, read(name), name);
}

// A replay that fails is a warning, and expected below.
before(() => Runtime.install({ logger: new DefaultLogger('ERROR'), telemetryOptions: { logging: { filter: 'ERROR', forward: {} } } }));

test('there is a history of every way a run can go', () => {
  assert.deepEqual(names.sort(), [
    'cancelled',
    'cancelled-while-publishing',
    'fresh-one-stage',
    'parked-then-retried',
    'transfer-with-child-and-baseline',
  ]);
  const has = (name: string, eventType: string) => read(name).events.some((event) => event.eventType.endsWith(eventType));
  assert.ok(has('cancelled', 'WORKFLOW_EXECUTION_CANCELED'));
  assert.ok(has('cancelled-while-publishing', 'ACTIVITY_TASK_CANCELED'));
  assert.ok(has('parked-then-retried', 'WORKFLOW_EXECUTION_UPDATE_COMPLETED'));
  assert.ok(has('parked-then-retried', 'WORKFLOW_EXECUTION_COMPLETED'));
  assert.ok(has('transfer-with-child-and-baseline', 'CHILD_WORKFLOW_EXECUTION_COMPLETED'));
});

test('the current workflow replays every recorded history', async () => {
  const workflows = await bundle();
  for (const name of names) await replay(workflows, name);
});

test('replaying finds a changed order of activities', async () => {
  const changed = await bundle({ './proxies.ts': place('../helpers/match-before-load.ts') });
  for (const name of names) await assert.rejects(replay(changed, name), DeterminismViolationError, name);
});

test('the histories carry the flags of the SDK that wrote them: without those, replay overlooks changes', () => {
  for (const name of names) {
    const flags = read(name).events.flatMap(({ workflowTaskCompletedEventAttributes: task }) => task?.sdkMetadata?.coreUsedFlags ?? []);
    assert.ok(flags.length > 0, name);
  }
});

test('the histories tell nothing of the machine they were recorded on', () => {
  for (const name of names) {
    const text = readFileSync(`${HISTORIES}${name}.json`, 'utf8');
    const payloads = [...text.matchAll(/"data":"([^"]*)"/gu)].map(([, data]) => Buffer.from(data ?? '', 'base64').toString('utf8'));
    for (const part of [text, ...payloads]) assert.doesNotMatch(part, /\/(?:home|root|work|Users|tmp)\//u, name);
  }
});
