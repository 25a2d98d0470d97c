import type { FromTrainer, PredictJob } from '../contracts/trainer-protocol.ts';
import type { Dataset } from '../data/dataset.ts';
import type { PredictMolecules } from '../data/graphs/predict-molecules.ts';
import { openPredictData, type PredictBatch } from '../data/predict-data.ts';
import type { BatchSource, BatchSources } from '../training/batch-source.ts';
import type { Rows } from '../training/batches.ts';
import { PHASE_BUDGETS_MS } from '../training/budgets.ts';
import { predictBatch } from '../training/predict.ts';
import { predictionTable, withRowIds } from '../training/prediction-table.ts';
import { type JobContext, turnWhenDue } from './job-context.ts';
import { openModel } from './open-model.ts';
import { predictionFormat, writePredictions } from './prediction-file.ts';
import type { SavedModel } from './saved-model.ts';

/** Predicts every row of a data file with a saved model and writes CSV, JSONL or parquet, one row per input row in order. */
export async function runPredict(job: PredictJob, { channel }: JobContext): Promise<FromTrainer> {
  channel.phase('decode', PHASE_BUDGETS_MS.decode);
  process.title = `rootstock trainer predict ${job.model}`;
  predictionFormat(job.out);
  const { saved, model, params, batches: sources, batchSize, mostEdges } = await openModel(job);
  const columns = { ...saved, targets: saved.graph?.columns.targets ?? null };
  const data = await openPredictData({
    path: job.data,
    rowId: job.rowId ?? null,
    x: saved.graph === null ? saved.xFeatures : [],
    molecules: moleculesOf(saved, mostEdges),
    expectedWidth: saved.facts.inputWidth,
    batchSize,
  });
  let done = 0;
  try {
    await writePredictions(job.out, async (file) => {
      for await (const { batches, rows, rowIds } of oneAhead(data.batches(), sources)) {
        channel.phase('predict', PHASE_BUDGETS_MS.dryRun);
        await turnWhenDue();
        const predictions = await predictBatch(model, params, { batches, rows });
        batches.forget?.();
        const table = predictionTable(predictions, columns);
        await file.append(job.rowId === undefined ? table : withRowIds(table, job.rowId, rowIds));
        done += rows.length;
        channel.rows(done);
      }
    });
  } finally {
    data.close();
    await sources.close();
  }
  return { type: 'predicted', rows: done, ...(data.warnings.length === 0 ? {} : { warnings: data.warnings }) };
}

/** A batch whose tensors are being built. */
interface ReadyBatch {
  readonly batches: BatchSource;
  readonly rows: Rows;
  readonly rowIds: readonly string[];
}

/** Gives each batch when the next one has been read, so that the next is built while this one is predicted. */
async function* oneAhead(all: AsyncIterable<PredictBatch>, sources: BatchSources): AsyncGenerator<ReadyBatch> {
  let before: ReadyBatch | null = null;
  for await (const batch of all) {
    const batches = sources.of(toDataset(batch));
    const rows = Uint32Array.from({ length: batch.rows }, (_, row) => row);
    batches.expect?.([rows]);
    if (before !== null) yield before;
    before = { batches, rows, rowIds: batch.rowIds };
  }
  if (before !== null) yield before;
}

function moleculesOf({ graph, featurisation, facts }: SavedModel, mostEdges: number): PredictMolecules | null {
  return graph === null || facts.graph === undefined ? null : { ...graph, featurisation, facts: facts.graph, mostEdges };
}

function toDataset(batch: PredictBatch): Dataset {
  if (batch.kind === 'graphs') return batch.dataset;
  const { rows, x, rowIds } = batch;
  return { kind: 'features', rows, width: x.length / rows, x, y: new Float32Array(0), targetWidth: 0, rowId: (row) => rowIds[row] ?? '' };
}
