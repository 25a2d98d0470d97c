import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CompletedEvent } from '../../src/client/run-events.ts';
import { stateLayout } from '../../src/contracts/state-directory.ts';
import type { CliEnd, CliEvent } from './e2e-cli.ts';
import type { Golden } from './e2e-golden.ts';
import { untilNoProcessOf } from './e2e-processes.ts';
import { checkSampleLogs, lastLoggedStep } from './e2e-samples.ts';
import { until } from './e2e-wait.ts';
import { SNAPSHOT_STEPS, type Workspace } from './e2e-workspace.ts';

/** What a disturbed run is held against. */
export interface Expectation {
  readonly workspace: Workspace;
  readonly golden: Golden;
  /** How often something was killed in each stage; repeated steps per stage are at most a snapshot interval for each. */
  readonly kills: readonly number[];
}

/**
 * Checks that a run has ended as if nothing had happened: exit code 0, golden weights in every stage and in the published file, frozen
 * tensors untouched, each step committed once, at most one snapshot interval repeated per kill.
 */
export async function checkGolden(end: CliEnd, { workspace, golden, kills }: Expectation): Promise<CompletedEvent> {
  assert.equal(end.code, 0, `exit code 0; printed:\n${end.stdout}\n${end.stderr}`);
  const completed = toCompleted(end.last);
  assert.equal(completed.weights_sha256, golden.weightsSha256, 'the weights are golden');
  assert.equal(await sha256Of(join(completed.output, 'weights.safetensors')), golden.weightsSha256, 'and so is the published file');
  for (const [index, stage] of golden.stages.entries()) {
    const found = completed.stages[index];
    assert.equal(found?.weights_sha256, stage.weights.digest, `weights of stage ${stage.name}`);
    assert.deepEqual(found?.metrics, stage.metrics, `metrics of stage ${stage.name}`);
    assert.equal(found?.freeze_receipt.before, found?.freeze_receipt.after);
    assert.deepEqual(found?.freeze_receipt, stage.freezeReceipt);
    const { repeatedSteps } = await checkSampleLogs(workspace.stateDir, stage.stageKey, stage.log);
    const allowed = (kills[index] ?? 0) * SNAPSHOT_STEPS;
    assert.ok(repeatedSteps <= allowed, `stage ${stage.name} repeated ${repeatedSteps} steps, at most ${allowed} are allowed`);
  }
  return completed;
}

/** Reads the stable last event of a run that went well. */
export function toCompleted(event: CliEvent | undefined): CompletedEvent {
  assert.equal(event?.event, 'completed', `the last event is "completed", not ${JSON.stringify(event)}`);
  return event as unknown as CompletedEvent;
}

/** Checks that nothing is left: no process ends up an orphan, no temporary file stays in the store. */
export async function checkClean({ root, stateDir }: Workspace): Promise<void> {
  await untilNoProcessOf(root);
  assert.deepEqual(await readdir(stateLayout(stateDir).store.concat('/tmp')), [], 'no temporary file stays in the store');
}

/** Waits until a stage has trained that many steps, as its raw sample logs say. */
export async function untilStep({ stateDir }: Workspace, stageKey: string, step: number): Promise<void> {
  await until(async () => (await lastLoggedStep(stateDir, stageKey)) >= step, `step ${step} of stage ${stageKey.slice(0, 12)}`);
}

async function sha256Of(path: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
}
