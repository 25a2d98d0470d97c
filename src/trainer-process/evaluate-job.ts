import { openFsStore } from '../artifacts/fs-store.ts';
import { getJson } from '../artifacts/json-blob.ts';
import { loadWeights } from '../artifacts/safetensors/weights-blob.ts';
import type { Plan } from '../contracts/plan.ts';
import type { EvaluateJob, FromTrainer } from '../contracts/trainer-protocol.ts';
import { openDataset } from '../data/open-dataset.ts';
import { RootstockError } from '../errors.ts';
import { openBatches } from '../training/batch-source.ts';
import { PHASE_BUDGETS_MS } from '../training/budgets.ts';
import { evaluate } from '../training/evaluate.ts';
import type { TargetColumns } from '../training/target-layout.ts';
import { type JobContext, prepareModel, turnWhenDue } from './job-context.ts';

/** Judges weights on one split with the last stage's datamodule and trainer, and the run's evaluation metrics (none named: all of the task). */
export async function runEvaluate(job: EvaluateJob, { channel, keptThread }: JobContext): Promise<FromTrainer> {
  channel.phase('decode', PHASE_BUDGETS_MS.decode);
  const store = await openFsStore(job.store);
  const plan = await getJson<Plan>(store, job.plan);
  process.title = `rootstock trainer ${plan.name} evaluation`;
  const stage = plan.stages.at(-1);
  if (stage === undefined) throw new RootstockError('INTERNAL', `Plan "${plan.name}" has no stage.`);
  const batches = openBatches(stage.datamodule.neighbours, keptThread);
  batches.start();
  const { model } = await prepareModel({ ...plan.model, backend: stage.trainer.backend, register: job.register, train: false });
  const weights = await loadWeights(store, job.weights);
  const blob = await store.open(job.data);
  const dataset = await openDataset(blob);
  await blob.close();
  const { datamodule, trainer } = stage;
  const pass =
    job.split === 'test'
      ? { ...datamodule.test, dropLast: false, limit: trainer.limitTestBatches }
      : { ...datamodule.validation, limit: trainer.limitValBatches };
  const metrics = await evaluate({
    model,
    weights,
    dataset,
    batches: batches.of(dataset),
    ...pass,
    metrics: plan.evaluation.metrics.length === 0 ? null : plan.evaluation.metrics,
    columns: targetColumns(plan),
    prefix: job.prefix,
    between() {
      // A batch may be the first of its model here: the budget of a dry run.
      channel.phase('evaluate', PHASE_BUDGETS_MS.dryRun);
      return turnWhenDue();
    },
  });
  await batches.close();
  return { type: 'evaluated', metrics };
}

/** y_features by head. */
function targetColumns({ model, data }: Plan): TargetColumns {
  const targets = data.request.graph?.targets;
  return targets === undefined ? { y: model.yFeatures } : { ...targets };
}
