import type { TypedSearchAttributes } from '@temporalio/common';
import { toJsonBytes } from '../artifacts/json-blob.ts';
import { plural } from '../contracts/plural.ts';
import { VERSION } from '../contracts/version.ts';
import { type RunMemo, SEARCH_ATTRIBUTES, TRANSFER_LEARNING, type TransferLearningInput } from '../contracts/workflow.ts';
import { composeMessage, RootstockError } from '../errors.ts';
import type { PlannedRun } from '../planner/plan-run.ts';
import { publishedRunDigest } from '../planner/published-output.ts';
import { type AttachDecision, decideAttach, type Existing, findExisting } from './attach.ts';
import { type CloseOptions, untilClosed } from './close-run.ts';
import { conflictFix } from './conflict-fix.ts';
import type { RootstockClient } from './connect.ts';
import { jsonDifferences } from './json-difference.ts';
import type { FollowTarget } from './run-end.ts';
import { temporalCommon } from './temporal.ts';

/** How to start. */
export interface StartOptions {
  /** Cancel a running workflow of this name with another configuration first. It closes once it has a worker. */
  readonly replace?: boolean;
}

/** How a command starts; and how it waits for a run that is replaced to close. */
export interface StartPlannedOptions extends StartOptions, CloseOptions {}

/** A started or attached run. */
export interface StartedRun extends FollowTarget {
  readonly runId: string;
  readonly action: 'start' | 'attach' | 'print';
  readonly reason: string;
}

/**
 * Starts a planned run, attaches to it when it is running, or finds its result. RUN_CONFLICT when the name runs with another digest; errors of
 * `untilClosed`.
 */
export async function startPlanned(
  connected: RootstockClient,
  planned: PlannedRun,
  options: StartPlannedOptions = {},
): Promise<StartedRun> {
  const workflowId = planned.plan.name;
  const existing = await findExisting(connected.client, workflowId);
  const { runDigest } = planned.plan;
  const outputIsThere = (await publishedRunDigest(planned.plan.output.path, workflowId)) === runDigest;
  const decision = decideAttach({ existing, runDigest, version: VERSION, replace: options.replace === true, outputIsThere });
  switch (decision.action) {
    case 'refuse':
      throw conflict(workflowId, existing, planned);
    case 'attach':
    case 'print':
      return { workflowId, runId: decision.runId, action: decision.action, reason: decision.reason };
    case 'replace':
      await endExisting(connected, { workflowId, decision, closing: options });
      break;
    case 'start':
      break;
  }
  const runId = await start(connected, planned);
  return { workflowId, runId, action: 'start', reason: decision.reason };
}

async function start(connected: RootstockClient, planned: PlannedRun): Promise<string> {
  const { plan, document } = planned;
  const input: TransferLearningInput = {
    run: document,
    expectedPlanDigest: planned.planDigest,
    queues: connected.queues,
    searchAttributes: connected.searchAttributes,
    resume: null,
  };
  guardSize(input);
  const memo: RunMemo = {
    runDigest: plan.runDigest,
    rootstockVersion: VERSION,
    source: document.source,
    output: plan.output.path,
    config: document.config,
  };
  const handle = await connected.client.workflow.start(TRANSFER_LEARNING, {
    workflowId: plan.name,
    taskQueue: connected.queues.io,
    args: [input],
    workflowIdConflictPolicy: 'FAIL',
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    memo: { ...memo },
    staticSummary: `${plan.model.name}: ${plan.stages.length} ${plural(plan.stages.length, 'stage')} from ${document.source}`.slice(0, 200),
    ...(connected.searchAttributes ? { typedSearchAttributes: initialAttributes() } : {}),
  });
  return handle.firstExecutionRunId;
}

function initialAttributes(): TypedSearchAttributes {
  const { defineSearchAttributeKey, TypedSearchAttributes: Attributes } = temporalCommon;
  return new Attributes([
    { key: defineSearchAttributeKey(SEARCH_ATTRIBUTES.status, 'KEYWORD'), value: 'running' },
    { key: defineSearchAttributeKey(SEARCH_ATTRIBUTES.needsHuman, 'BOOL'), value: false },
  ]);
}

/** A payload over 2 MB becomes endless quiet retries on a server; the run file itself is at most 1 MiB. */
const MAX_INPUT_BYTES = 1.5 * 1024 * 1024;

function guardSize(input: TransferLearningInput): void {
  const bytes = toJsonBytes(input).byteLength;
  if (bytes > MAX_INPUT_BYTES)
    throw new RootstockError(
      'PAYLOAD_TOO_LARGE',
      `The run's configuration is ${bytes} bytes; at most ${MAX_INPUT_BYTES} may be sent to Temporal.`,
    );
}

interface EndInput {
  readonly workflowId: string;
  readonly decision: Extract<AttachDecision, { readonly action: 'replace' }>;
  readonly closing: CloseOptions;
}

/** A cancelled run has closed after its trainer has saved and gone. */
async function endExisting(connected: RootstockClient, { workflowId, decision, closing }: EndInput): Promise<void> {
  const { runId, how, reason } = decision;
  const handle = connected.client.workflow.getHandle(workflowId, runId);
  if (how === 'terminate') await handle.terminate(reason);
  else await handle.cancel();
  await untilClosed(connected, { workflowId, runId }, closing);
}

function conflict(workflowId: string, existing: Existing, planned: PlannedRun): RootstockError {
  const before = existing.kind === 'running' ? existing.memo.config : undefined;
  const different = jsonDifferences(before, planned.document.config);
  const differences = different.map(({ path, before: old, after }) => ({
    where: path,
    text: `running with ${JSON.stringify(old) ?? 'nothing'}, now ${JSON.stringify(after) ?? 'nothing'}`,
  }));
  const shown =
    differences.length > 0
      ? differences
      : [{ where: 'data', text: 'the configuration is the same, but the data or the pre-trained weights changed' }];
  return new RootstockError(
    'RUN_CONFLICT',
    composeMessage(`"${workflowId}" is running with another configuration.`, shown, conflictFix(different)),
    { workflowId, differences },
  );
}
