import { totalmem } from 'node:os';
import { basename, extname, resolve } from 'node:path';
import { parseRunObject } from '../config/parse-run.ts';
import type { RunConfig } from '../config/run-config.ts';
import type { JsonObject } from '../contracts/json.ts';
import type { DataPlan, Plan, PreTrainedSource } from '../contracts/plan.ts';
import { plural } from '../contracts/plural.ts';
import type { ChildRun, RunDocument } from '../contracts/stage-activities.ts';
import { scanData } from '../data/scan-data.ts';
import { RootstockError } from '../errors.ts';
import { resolveAccelerator } from '../kernels/accelerator.ts';
import type { ModelDefinition } from '../models/definition.ts';
import { buildPlan } from '../plan/build-plan.ts';
import { planDigest, runDigest } from '../plan/digests.ts';
import { featurisationDocument } from '../plan/model-config-document.ts';
import type { PreTrainedFacts } from '../plan/plan-facts.ts';
import { checkSavedModel } from './check-saved-model.ts';
import { buildDataRequest } from './data-request.ts';
import { describeModel } from './describe-model.ts';
import { readFeaturisation } from './featurisation.ts';
import { takeOutput } from './output-place.ts';
import { fillPreTrainedConfig } from './pre-trained-config.ts';
import { publishedRunDigest } from './published-output.ts';
import { requireBackends } from './require-backends.ts';
import { requireKernels } from './require-kernels.ts';
import { readRunFile } from './run-file.ts';
import { inspectSavedModel } from './saved-model.ts';

/** What planning needs. */
export interface PlanRunOptions {
  readonly models: readonly ModelDefinition[];
  /** Absolute directory for what scans found; null: no cache. */
  readonly cacheDir: string | null;
  /** Hears what takes time. */
  readonly onProgress?: (text: string) => void;
}

/** A planned run. */
export interface PlannedRun {
  readonly document: RunDocument;
  readonly plan: Plan;
  readonly planDigest: string;
  /** The run that has to make the pre-trained model first; null when there is none to run. */
  readonly child: ChildRun | null;
}

/**
 * Gathers the facts and resolves everything before anything runs: scans the data, looks at the pre-trained model (or plans the run file
 * that makes it), matches, resolves every stage. Leaves nothing but the scan cache. Errors: those of config, data, matching and planning;
 * PRETRAINED_CYCLE; BACKEND_UNAVAILABLE; KERNEL_MISSING; OUTPUT_EXISTS when the output directory belongs to something else, or to the pre-trained model's run;
 * OUTPUT_UNWRITABLE.
 */
export async function planRun(document: RunDocument, options: PlanRunOptions): Promise<PlannedRun> {
  return planDocument(document, options, { files: [resolve(document.baseDir, basename(document.source))], outputs: [] });
}

/** The run files on the way to the one being planned, itself included, and where those before it publish. */
interface Lineage {
  readonly files: readonly string[];
  readonly outputs: readonly string[];
}

async function planDocument(document: RunDocument, options: PlanRunOptions, { files, outputs }: Lineage): Promise<PlannedRun> {
  const run = parseRunObject(document.config, { source: document.source, models: options.models });
  const definition = options.models.find(({ name }) => name === run.model.name);
  if (definition === undefined) throw new TypeError(`a valid run file names a model there is, not "${run.model.name}"`);
  const outputPath = resolve(document.baseDir, run.output.path);
  if (outputs.includes(outputPath)) throw sameOutput(document.source, outputPath);
  const output = await takeOutput(outputPath, run.name);
  const data = await scan(run, document, definition, options);
  const model = describeModel(definition, run, data);
  const { preTrained, child, warnings } = await findPreTrained(run, document, {
    options,
    lineage: { files, outputs: [...outputs, outputPath] },
  });
  const digest = runDigest({
    written: run.written,
    dataDigests: Object.fromEntries(Object.entries(data.facts.splits).map(([split, facts]) => [split, facts.digest])),
    preTrainedDigest: preTrained === null ? null : sourceDigest(preTrained.source),
  });
  await output.confirm(digest);
  const built = buildPlan({
    run,
    outputPath,
    facts: { model, data, preTrained, runDigest: digest, backendOf: resolveAccelerator, memoryBytes: totalmem() },
  });
  const plan = { ...built, warnings: [...warnings, ...built.warnings] };
  await requireBackends(plan);
  requireKernels(plan, definition);
  return { document, plan, planDigest: planDigest(plan), child };
}

async function scan(run: RunConfig, document: RunDocument, definition: ModelDefinition, options: PlanRunOptions): Promise<DataPlan> {
  const featurisation = await readFeaturisation(run.data.featurisation, document.baseDir);
  const request = buildDataRequest(run, document.baseDir, { definition, featurisation });
  const onProgress = options.onProgress;
  const facts = await scanData(request, {
    cacheDir: options.cacheDir,
    onProgress:
      onProgress === undefined ? undefined : ({ source, rows }) => onProgress(`Scanning ${source}: ${rows} ${plural(rows, 'row')}`),
  });
  return { request, facts };
}

interface FoundPreTrained {
  readonly preTrained: PreTrainedFacts | null;
  readonly child: ChildRun | null;
  /** What its saved configuration has that is not read. */
  readonly warnings: readonly string[];
}

const RUN_FILE_EXTENSIONS = ['.yaml', '.yml', '.json'];

async function findPreTrained(
  run: RunConfig,
  document: RunDocument,
  { options, lineage }: { readonly options: PlanRunOptions; readonly lineage: Lineage },
): Promise<FoundPreTrained> {
  if (run.transferLearning === undefined) return { preTrained: null, child: null, warnings: [] };
  const path = resolve(document.baseDir, run.transferLearning.preTrainedModelPath);
  if (RUN_FILE_EXTENSIONS.includes(extname(path))) return planChild(path, { run, options, lineage });
  const facts = await inspectSavedModel(path);
  const warnings = checkSavedModel(facts, path, options.models);
  const { tensors, weightsSha256, config, featurisation } = facts;
  return {
    preTrained: {
      source: { kind: 'model', path, weightsSha256 },
      tensors,
      ...(config === null ? {} : { modelConfig: fillPreTrainedConfig(config, options.models) }),
      ...carriedFeaturisation(run, config, featurisation),
    },
    child: null,
    warnings,
  };
}

/** How the pre-trained model's columns were made from molecules: it holds for the new model when that reads no others. */
function carriedFeaturisation(
  { model: { xFeatures } }: RunConfig,
  document: JsonObject | null,
  featurisation: JsonObject | null,
): Pick<PreTrainedFacts, 'featurisation'> {
  const config = document?.['config'] as JsonObject | undefined;
  const before = config?.['x_features'];
  const same = Array.isArray(before) && xFeatures.every((name) => before.includes(name));
  return same && featurisation !== null ? { featurisation } : {};
}

async function planChild(
  path: string,
  { run, options, lineage }: { readonly run: RunConfig; readonly options: PlanRunOptions; readonly lineage: Lineage },
): Promise<FoundPreTrained> {
  const files = [...lineage.files, path];
  if (lineage.files.includes(path)) {
    throw new RootstockError(
      'PRETRAINED_CYCLE',
      `pre_trained_model_path goes in a circle: ${files.join(' -> ')}.\nFix: let the first run file name a saved model, or none.`,
      { path },
    );
  }
  const document = await readRunFile(path, { models: options.models });
  const { plan } = await planDocument({ ...document, source: path }, options, { ...lineage, files });
  const source: PreTrainedSource = { kind: 'run_file', path, outputPath: plan.output.path, runName: plan.name, runDigest: plan.runDigest };
  const published = await publishedRunDigest(plan.output.path, plan.name);
  const child =
    published === plan.runDigest
      ? null
      : { name: plan.name, runDigest: plan.runDigest, run: { ...document, source: path }, reason: whyItRuns(published) };
  const { tree, config, xFeatures } = plan.model;
  const { neighbours } = plan.data.request;
  const datamodule = neighbours === undefined ? {} : { cut_off: neighbours.cutOff, self_interaction: neighbours.selfInteraction };
  const featurisation = carriedFeaturisation(run, { config: { x_features: xFeatures } }, featurisationDocument(plan));
  return { preTrained: { source, tensors: tree.tensors, modelConfig: { ...config, datamodule }, ...featurisation }, child, warnings: [] };
}

function sameOutput(source: string, output: string): RootstockError {
  return new RootstockError(
    'OUTPUT_EXISTS',
    `The run of "${source}" makes the pre-trained model and would publish it at "${output}", where the run that starts from it publishes too.\nFix: give each run file an output.path of its own.`,
    { output, source },
  );
}

function whyItRuns(published: string | undefined): string {
  return published === undefined ? 'its output is not there' : 'its output was made from another configuration or other data';
}

function sourceDigest(source: PreTrainedSource): string {
  return source.kind === 'model' ? source.weightsSha256 : source.runDigest;
}
