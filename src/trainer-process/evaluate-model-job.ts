import { estimateBatchEdges } from '../contracts/graphs.ts';
import type { DataFacts, DataRequest } from '../contracts/plan.ts';
import { plural } from '../contracts/plural.ts';
import type { EvaluateModelJob, FromTrainer } from '../contracts/trainer-protocol.ts';
import { checkBatchEdges } from '../data/graphs/batch-edges.ts';
import { loadDataset } from '../data/load-dataset.ts';
import { composeMessage, RootstockError } from '../errors.ts';
import type { ModelDefinition } from '../models/definition.ts';
import { PHASE_BUDGETS_MS } from '../training/budgets.ts';
import { evaluateDataset } from '../training/evaluate-dataset.ts';
import { createHeadMetrics } from '../training/metrics/head-metrics.ts';
import { targetLayout } from '../training/target-layout.ts';
import { type JobContext, turnWhenDue } from './job-context.ts';
import { openModel } from './open-model.ts';
import type { SavedModel } from './saved-model.ts';

/**
 * Judges a saved model on every row of a data file with labels, in eval mode and file order. Errors: those of loading and reading;
 * CONFIG_INVALID for metrics that do not fit; SHAPE_MISMATCH when the data has another width than the model takes;
 * GRAPH_TOO_LARGE when a batch has more edges than memory allows.
 */
export async function runEvaluateModel(job: EvaluateModelJob, { channel }: JobContext): Promise<FromTrainer> {
  channel.phase('decode', PHASE_BUDGETS_MS.decode);
  process.title = `rootstock trainer evaluate ${job.model}`;
  const { saved, model, params, batches: sources, batchSize, mostEdges } = await openModel(job);
  const targets = saved.graph?.columns.targets;
  const columns = targets === undefined ? { y: saved.yFeatures } : { ...targets };
  const metrics = createHeadMetrics(targetLayout(model, columns), job.metrics, { perColumn: true, where: '--metrics' });
  const { dataset, facts } = await loadDataset(dataRequest(job.data, saved, model.definition));
  checkWidths(job.data, saved, facts);
  checkEdges(job.data, facts, { saved, batchSize: Math.min(batchSize, dataset.rows), mostEdges });
  let rows = 0;
  const between = () => {
    channel.phase('evaluate', PHASE_BUDGETS_MS.dryRun);
    channel.rows(rows);
    rows = Math.min(rows + batchSize, dataset.rows);
    return turnWhenDue();
  };
  const batches = sources.of(dataset);
  await evaluateDataset({ model, params, dataset, batches, batchSize, dropLast: false, limit: null, between }, metrics);
  await sources.close();
  const { warnings } = facts;
  return { type: 'evaluated', metrics: metrics.values(job.prefix), rows: dataset.rows, ...(warnings === undefined ? {} : { warnings }) };
}

function dataRequest(path: string, saved: SavedModel, definition: ModelDefinition): DataRequest {
  const { graph, featurisation } = saved;
  const maskedHeads = definition.inputs === 'graphs' ? definition.maskedHeads(saved.config) : [];
  return {
    sources: { kind: 'separate', train: { kind: 'files', path, where: '<data>' }, validation: null, test: null },
    rowId: null,
    x: graph === null ? saved.xFeatures : [],
    y: saved.yFeatures,
    task: definition.task,
    classes: saved.classes,
    ...(graph === null ? {} : { graph: { ...graph.columns, maskedHeads }, neighbours: graph.neighbours }),
    ...(featurisation === null ? {} : { featurisation }),
  };
}

function checkEdges(
  path: string,
  { graph, splits }: DataFacts,
  { saved, batchSize, mostEdges }: { readonly saved: SavedModel; readonly batchSize: number; readonly mostEdges: number },
): void {
  if (graph === undefined || saved.graph === null) return;
  const mean = (graph.edges.train ?? 0) / (splits.train?.rows ?? 1);
  checkBatchEdges({
    path,
    molecules: batchSize,
    atoms: graph.largestMolecule,
    edges: estimateBatchEdges(batchSize, { mean, most: graph.mostEdges }),
    cutOff: saved.graph.neighbours.cutOff,
    most: mostEdges,
  });
}

function checkWidths(path: string, { facts, xFeatures }: SavedModel, data: DataFacts): void {
  const wanted = facts.graph;
  const found = data.graph;
  const pairs: readonly (readonly [string, number, number])[] =
    wanted === undefined || found === undefined
      ? [['x_features', facts.inputWidth, xFeatures.reduce((sum, name) => sum + (data.xWidths[name] ?? 0), 0)]]
      : [
          ['features of atoms', wanted.nodeAttrWidth, found.nodeAttrWidth],
          ['features of bonds', wanted.edgeAttrWidth, found.edgeAttrWidth],
          ['features of molecules', wanted.graphAttrWidth, found.graphAttrWidth],
        ];
  const problems = pairs
    .filter(([, expected, received]) => expected !== received)
    .map(([where, expected, received]) => ({ where, text: `expected ${expected} ${plural(expected, 'value')}, received ${received}` }));
  if (problems.length === 0) return;
  const text = composeMessage(`The rows of ${path} do not fit the model.`, problems, 'give the columns that the model was trained on.');
  throw new RootstockError('SHAPE_MISMATCH', text, { problems });
}
