import { randomUUID } from 'node:crypto';
import { open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { readSafetensors } from '../artifacts/safetensors/read.ts';
import type { JsonObject } from '../contracts/json.ts';
import type { FromTrainer, PredictJob } from '../contracts/trainer-protocol.ts';
import { openPredictData } from '../data/predict-data.ts';
import { RootstockError } from '../errors.ts';
import { PHASE_BUDGETS_MS } from '../training/budgets.ts';
import { csvLine, predictBatch, predictionHeader, predictionRows } from '../training/predict.ts';
import { uploadTensor } from '../training/tensor-data.ts';
import { type JobContext, nextTurn, prepareModel } from './job-context.ts';
import { checkWeights, parseSavedModel } from './saved-model.ts';

/**
 * Predicts every row of a data file with a saved model and writes a CSV, one row per input row in order. The CSV takes its name only when
 * it is complete.
 */
export async function runPredict(job: PredictJob, { channel }: JobContext): Promise<FromTrainer> {
  channel.phase('decode', PHASE_BUDGETS_MS.decode);
  process.title = `rootstock trainer predict ${job.model}`;
  const path = join(job.model, 'model_config.json');
  const saved = parseSavedModel(await readJson(path), path);
  const { model } = await prepareModel({ ...saved, backend: job.backend ?? 'wasm', register: job.register, train: false });
  const { weights } = await readSafetensors(join(job.model, 'weights.safetensors'));
  checkWeights(model.definition.describe(saved.config, saved.facts), weights, job.model);
  const params = Object.fromEntries([...weights].map(([name, data]) => [name, uploadTensor(data)]));
  const data = await openPredictData({
    path: job.data,
    rowId: null,
    x: saved.xFeatures,
    expectedWidth: saved.facts.inputWidth,
    batchSize: job.batchSize,
  });
  let rows = 0;
  try {
    await writeComplete(job.out, async (write) => {
      await write(csvLine(predictionHeader(saved)));
      for await (const batch of data.batches()) {
        channel.phase('predict', PHASE_BUDGETS_MS.dryRun);
        await nextTurn();
        const outputs = await predictBatch(model, params, batch);
        await write(predictionRows(outputs, saved).map(csvLine).join(''));
        rows += batch.rows;
      }
    });
  } finally {
    data.close();
  }
  return { type: 'predicted', rows };
}

async function readJson(path: string): Promise<JsonObject> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new RootstockError('FILE_NOT_FOUND', `"${path}" cannot be read.\nFix: give the output directory of a run.`, { path }, { cause });
  });
  try {
    return JSON.parse(text) as JsonObject;
  } catch (cause) {
    throw new RootstockError('CHECKPOINT_INVALID', `"${path}" is not JSON: ${String(cause)}`, { path }, { cause });
  }
}

async function writeComplete(path: string, work: (write: (text: string) => Promise<void>) => Promise<void>): Promise<void> {
  const temp = `${path}.${randomUUID()}.tmp`;
  const file = await open(temp, 'wx').catch((cause: Error) => {
    throw new RootstockError('FILE_UNREADABLE', `"${path}" cannot be written: ${cause.message}`, { path }, { cause });
  });
  try {
    await work((text) => file.writeFile(text, 'utf8'));
    await file.close();
    await rename(temp, path);
  } catch (error) {
    await file.close().catch(() => undefined);
    await rm(temp, { force: true });
    throw error;
  }
}
