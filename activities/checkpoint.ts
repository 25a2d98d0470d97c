import { readFile, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { type FinalWeights, finaliseStage } from '../src/artifacts/finalise-stage.ts';
import { storeIo } from '../src/artifacts/fs-errors.ts';
import { buildCommittedSampleLog } from '../src/artifacts/sample-log.ts';
import type { SnapshotManifest } from '../src/artifacts/snapshot.ts';
import { collectLedger, findNewestSnapshot, pruneSnapshots, readSnapshotChain } from '../src/artifacts/snapshots.ts';
import { finishStage, readStageManifest } from '../src/artifacts/stage-manifest.ts';
import type { Plan, StagePlan } from '../src/contracts/plan.ts';
import { stageOf } from '../src/contracts/plan-stages.ts';
import type { Ref } from '../src/contracts/refs.ts';
import type { CheckpointInput, StageResult } from '../src/contracts/stage-activities.ts';
import { committedSampleLog, rawSampleLog } from '../src/contracts/state-directory.ts';
import type { Weights } from '../src/contracts/tensors.ts';
import { VERSION } from '../src/contracts/version.ts';
import { RootstockError } from '../src/errors.ts';
import { frozenBuffers } from '../src/transfer/freeze.ts';
import { freezeDigest } from '../src/transfer/freeze-digest.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { withHeartbeat } from './heartbeat.ts';
import { loadPlan } from './load-plan.ts';

const QUIET_MS = 120_000; // writing gigabytes of weights takes seconds

/** Turns a stage's last snapshot into its result: last and best weights, freeze receipt, ledger, committed sample log, manifest. */
export async function checkpoint(deps: ActivityDependencies, input: CheckpointInput): Promise<StageResult> {
  return withHeartbeat(QUIET_MS, async () => {
    const { store } = deps;
    const plan = await loadPlan(store, input.plan);
    const stage = stageOf(plan, input.stage);
    const done = await readStageManifest(store, input.stageKey);
    if (done !== undefined) return { ...done.result, index: input.stage, name: stage.name };

    const snapshot = await findNewestSnapshot(store, input.stageKey, input.trained.snapshot);
    if (snapshot?.stateDigest !== input.trained.stateDigest) throw lost(input, snapshot);
    const { stageKey, inputWeights } = input;
    const frozenDigest = frozenDigestOf(plan, stage);
    const final = await finaliseStage({ store, stage, stageKey, inputWeights, snapshot, frozenDigest });
    const { epochs, steps, metrics, stoppedBy } = input.trained;
    const result: StageResult = {
      index: input.stage,
      name: stage.name,
      stageKey,
      ...final,
      weights: carriedWeights(stage, final),
      ledger: await collectLedger(store, stageKey, snapshot),
      epochs,
      steps,
      metrics,
      cached: false,
      frozenParameters: input.frozenParameters,
    };
    const manifest = await finishStage(store, input.stageKey, {
      format: 1,
      result,
      snapshot: snapshot.n,
      stateDigest: snapshot.stateDigest,
      lineage: {
        run: plan.name,
        input_weights_sha256: input.inputWeights.digest,
        ...(input.inputOptimizer === undefined ? {} : { input_optimizer_sha256: input.inputOptimizer.digest }),
        mask_sha256: input.mask.digest,
        data_sha256: Object.fromEntries(Object.entries(input.data).map(([split, ref]) => [split, ref.digest])),
        stopped_by: stoppedBy,
        rootstock: VERSION,
      },
      envelope: { host: hostname(), pid: process.pid, finished_at: new Date().toISOString(), versions: { ...snapshot.envelope.versions } },
    });
    await writeCommittedSampleLog(deps, input, snapshot);
    await pruneSnapshots(store, input.stageKey, { newest: snapshot.n, keep: 1 });
    return { ...manifest.result, index: input.stage, name: stage.name };
  });
}

/** What the next stage starts from; finaliseStage has made sure that it is there. */
function carriedWeights({ carryWeights }: StagePlan, { lastWeights, bestWeights, emaWeights }: FinalWeights): Ref {
  const carried = { last: lastWeights, best: bestWeights, ema: emaWeights }[carryWeights];
  return carried ?? lastWeights;
}

/** Over frozen parameters, and the buffers of frozen modules where those run in eval mode. */
function frozenDigestOf({ model }: Plan, stage: StagePlan): (weights: Weights) => string {
  const buffers = stage.trainer.frozenModulesMode === 'eval' ? frozenBuffers(stage.mask, model.tree) : [];
  return (weights) => freezeDigest(weights, stage.mask.frozen, buffers);
}

/** Written for people and scripts, from the manifests and the raw logs; a later attempt writes the same bytes. */
async function writeCommittedSampleLog(
  deps: ActivityDependencies,
  { stageKey }: CheckpointInput,
  snapshot: SnapshotManifest,
): Promise<void> {
  const chain = await readSnapshotChain(deps.store, stageKey, snapshot);
  const leases = new Set(chain.map(({ envelope }) => envelope.sampleLog.lease));
  const raw = new Map<number, readonly string[]>();
  for (const lease of leases) raw.set(lease, await readLines(rawSampleLog(deps.stateDir, stageKey, lease)));
  const lines = buildCommittedSampleLog(chain, (lease) => raw.get(lease) ?? []);
  const path = committedSampleLog(deps.stateDir, stageKey);
  await storeIo('write', path, () => writeFile(path, lines.map((line) => `${line}\n`).join('')));
}

/** A raw log that was deleted by hand is no reason to lose a trained stage. */
async function readLines(path: string): Promise<readonly string[]> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw new RootstockError('STORE_IO', `The sample log "${path}" cannot be read: ${error.message}`, { path }, { cause: error });
  });
  return text.split('\n').filter((line) => line !== '');
}

function lost({ stageKey, trained }: CheckpointInput, found: SnapshotManifest | undefined): RootstockError {
  return new RootstockError(
    'ARTIFACT_CORRUPT',
    `The last snapshot (${trained.snapshot}) of stage ${stageKey.slice(0, 12)} is damaged or gone; the newest good one is ${found?.n ?? 'none'}.\nFix: \`rootstock retry\` trains on from there.`,
    { stageKey, expected: trained.stateDigest, found: found?.stateDigest ?? null },
  );
}
