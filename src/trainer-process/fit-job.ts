import { openFsStore } from '../artifacts/fs-store.ts';
import { getJson } from '../artifacts/json-blob.ts';
import { loadOptimizerState } from '../artifacts/optimizer-state.ts';
import { loadWeights } from '../artifacts/safetensors/weights-blob.ts';
import type { SnapshotManifest } from '../artifacts/snapshot.ts';
import { findNewestSnapshot } from '../artifacts/snapshots.ts';
import type { ArtifactStore } from '../artifacts/store.ts';
import { loadTrainingState, type TrainingState } from '../artifacts/training-state.ts';
import type { Plan, StagePlan, TrainableMask } from '../contracts/plan.ts';
import { stageOf } from '../contracts/plan-stages.ts';
import type { Ref } from '../contracts/refs.ts';
import type { FitJob, FromTrainer } from '../contracts/trainer-protocol.ts';
import type { Dataset } from '../data/dataset.ts';
import { openDataset } from '../data/open-dataset.ts';
import { RootstockError } from '../errors.ts';
import type { LoadedBackend } from '../kernels/backend.ts';
import { openBatches } from '../training/batch-source.ts';
import { PHASE_BUDGETS_MS } from '../training/budgets.ts';
import { fit } from '../training/fit.ts';
import { openSampleLog } from '../training/sample-log.ts';
import type { StageSetup } from '../training/stage-setup.ts';
import { backendClass, createStoreSnapshotSink } from '../training/store-snapshot-sink.ts';
import { type JobContext, prepareModel, turnWhenDue } from './job-context.ts';

/** Trains a stage, from its newest snapshot where there is one, and gives the last word. */
export async function runFit(job: FitJob, { channel, takeRequest, keptThread }: JobContext): Promise<FromTrainer> {
  const decoding = () => channel.phase('decode', PHASE_BUDGETS_MS.decode);
  decoding();
  const store = await openFsStore(job.store);
  const plan = await getJson<Plan>(store, job.plan);
  const stage = stageOf(plan, job.stage);
  process.title = `rootstock trainer ${plan.name} ${stage.name}`;
  const batches = openBatches(stage.datamodule.neighbours, keptThread);
  batches.start();
  const { model, backend } = await prepareModel({ ...plan.model, backend: stage.trainer.backend, register: job.register, train: true });
  const setup: StageSetup = {
    seed: plan.seed,
    stage: { ...stage, mask: await getJson<TrainableMask>(store, job.mask) },
    model,
    tree: plan.model.tree,
    inputWeights: await loadWeights(store, job.inputWeights),
    ...(job.inputOptimizer === undefined ? {} : { inputOptimizer: await loadOptimizerState(store, job.inputOptimizer) }),
    train: await openSplit(store, job.data.train, stage),
    validation: job.data.validation === undefined ? null : await openSplit(store, job.data.validation, stage),
  };
  channel.phase('restore', PHASE_BUDGETS_MS.restore);
  const resumed = await restore(store, job, backend);
  if (resumed !== null) channel.send({ type: 'resumed', snapshot: resumed.manifest.n, step: resumed.manifest.step });
  const sampleLog = openSampleLog(job.sampleLog);
  try {
    const outcome = await fit(setup, {
      now: () => performance.now(),
      nextTurn: turnWhenDue,
      sink: createStoreSnapshotSink({
        store,
        stageKey: job.stageKey,
        lease: job.lease.number,
        resumed: resumed?.manifest ?? null,
        resumedBest: resumed?.state.best ?? null,
        backend: backend.name,
        description: backend.describe(),
        keep: stage.trainer.snapshot.keep,
      }),
      batches,
      sampleLog,
      events: {
        phase: (phase, budgetMs) => channel.phase(phase, budgetMs),
        progress: (progress) => channel.progress(progress),
        snapshot: (snapshot) => channel.send({ type: 'snapshot', ...snapshot }),
      },
      takeRequest,
      snapshotEveryStep: job.snapshotEveryStep,
      resume: resumed?.state ?? null,
      resumedElapsedMs: resumed?.manifest.envelope.elapsedMs ?? 0,
    });
    if (outcome.kind === 'finished') return { type: 'finished', result: outcome.result };
    return { type: 'saved', snapshot: outcome.snapshot.snapshot, step: outcome.snapshot.step };
  } finally {
    sampleLog.close();
  }
}

async function openSplit(store: ArtifactStore, ref: Ref | undefined, stage: StagePlan): Promise<Dataset> {
  if (ref === undefined) throw new RootstockError('INTERNAL', `Stage "${stage.name}" was started without training data.`);
  const blob = await store.open(ref);
  try {
    return await openDataset(blob);
  } finally {
    await blob.close();
  }
}

async function restore(
  store: ArtifactStore,
  job: FitJob,
  backend: LoadedBackend,
): Promise<{ readonly manifest: SnapshotManifest; readonly state: TrainingState } | null> {
  const manifest = await findNewestSnapshot(store, job.stageKey, job.snapshotHint);
  if (manifest === undefined) return null;
  const ours = backendClass(backend.describe());
  const theirs = manifest.envelope.versions.kernels;
  if (ours !== theirs) throw backendChanged(manifest, { ours, theirs });
  return { manifest, state: await loadTrainingState(store, job.stageKey, manifest) };
}

function backendChanged(manifest: SnapshotManifest, facts: { readonly ours: string; readonly theirs: string }): RootstockError {
  return new RootstockError(
    'BACKEND_CHANGED',
    `Snapshot ${manifest.n} (step ${manifest.step}) was made on backend ${facts.theirs}; this trainer has ${facts.ours}, which gives other bits.\nFix: continue on a machine with that backend, or start the stage anew with another trainer.backend.`,
    { snapshot: manifest.n, ...facts },
  );
}
