import { Context } from '@temporalio/activity';
import { readBlob } from '../src/artifacts/json-blob.ts';
import { publishDirectory } from '../src/artifacts/publish-directory.ts';
import { saveRunRecord } from '../src/artifacts/run-record.ts';
import { SAVED_MODEL_FILES } from '../src/artifacts/saved-model/place.ts';
import { readKeyDocument } from '../src/artifacts/stage-documents.ts';
import type { JsonObject, Metrics } from '../src/contracts/json.ts';
import type { BackendName, Plan } from '../src/contracts/plan.ts';
import { stageOf } from '../src/contracts/plan-stages.ts';
import type { Ref } from '../src/contracts/refs.ts';
import type { BaselineResult, PublishInput, PublishResult, StageResult } from '../src/contracts/stage-activities.ts';
import { VERSION } from '../src/contracts/version.ts';
import { RootstockError } from '../src/errors.ts';
import { featurisationDocument, modelConfigDocument } from '../src/plan/model-config-document.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { withHeartbeat } from './heartbeat.ts';
import { loadPlan } from './load-plan.ts';

const QUIET_MS = 300_000; // the trainer's own budgets are shorter

/** Evaluates the result on the test split (in a forked trainer) and publishes the output directory and the run record. */
export async function publish(deps: ActivityDependencies, input: PublishInput): Promise<PublishResult> {
  return withHeartbeat(QUIET_MS, async ({ tick }) => {
    const { store } = deps;
    const plan = await loadPlan(store, input.plan);
    const last = input.stages.at(-1);
    if (last === undefined) throw new RootstockError('INTERNAL', 'A run without stages was published.');
    const backend = stageOf(plan, last.index).trainer.backend;
    const test = await evaluate(deps, input, { weights: last.weights, backend, tick });
    const baseline =
      input.baseline === null
        ? null
        : toBaseline(input.baseline, await evaluate(deps, input, { weights: input.baseline.weights, backend, tick }));
    const featurisation = featurisationDocument(plan);
    const { output } = await publishDirectory({
      output: plan.output.path,
      store,
      files: [
        { name: SAVED_MODEL_FILES.weights, ref: last.weights },
        { name: SAVED_MODEL_FILES.config, body: prettyJson(modelConfigDocument(plan)) },
        ...(featurisation === null ? [] : [{ name: SAVED_MODEL_FILES.featurisation, body: prettyJson(featurisation) }]),
        { name: SAVED_MODEL_FILES.metrics, body: await metricsCsv(deps, plan, allResults(input)) },
      ],
      marker: manifest({ plan, input, test, baseline, keyDocuments: await keyDocuments(deps, input.stages) }),
    });
    const result: PublishResult = { output, weightsSha256: last.weights.digest, stages: input.stages, test, baseline };
    const { workflowId = '', runId = '' } = Context.current().info.workflowExecution ?? {};
    const started = input.startedAt === undefined ? {} : { startedAt: input.startedAt };
    const completedAt = new Date().toISOString();
    await saveRunRecord(store, { workflowId, runId, runDigest: plan.runDigest, ...started, completedAt, result });
    return result;
  });
}

/** Metrics on the test split; none without one. */
async function evaluate(
  deps: ActivityDependencies,
  input: PublishInput,
  { weights, backend, tick }: { readonly weights: Ref; readonly backend: BackendName; readonly tick: () => void },
): Promise<Metrics> {
  const data = input.data.test;
  if (data === undefined) return {};
  const job = {
    kind: 'evaluate',
    store: deps.store.location,
    register: deps.register,
    plan: input.plan,
    weights,
    data,
    split: 'test',
    prefix: 'test',
  } as const;
  const outcome = await deps.trainers.start(backend, async () => job, tick).outcome;
  if (outcome.type !== 'evaluated') throw new RootstockError('INTERNAL', `A trainer answered "${outcome.type}" to an evaluation.`);
  return outcome.metrics;
}

function toBaseline({ stageKey, weights, epochs, steps }: StageResult, test: Metrics): BaselineResult {
  return { stageKey, weightsSha256: weights.digest, epochs, steps, test };
}

function allResults({ stages, baseline }: PublishInput): readonly StageResult[] {
  return baseline === null ? stages : [...stages, baseline];
}

/** One row per logged step and epoch, all stages, names instead of indices. */
async function metricsCsv({ store }: ActivityDependencies, plan: Plan, results: readonly StageResult[]): Promise<Uint8Array> {
  const parts = ['stage,epoch,step,name,value\n'];
  for (const result of results) {
    const rows = Buffer.from(await readBlob(store, result.ledger)).toString('utf8');
    const name = csvCell(stageOf(plan, result.index).name);
    parts.push(rows.replaceAll(/^\d+,/gmu, `${name},`));
  }
  return Buffer.from(parts.join(''));
}

function csvCell(text: string): string {
  return /[",\n]/u.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

interface ManifestInput {
  readonly plan: Plan;
  readonly input: PublishInput;
  readonly test: Metrics;
  readonly baseline: BaselineResult | null;
  /** What each stage key is the SHA-256 of, by stage key. */
  readonly keyDocuments: ReadonlyMap<string, JsonObject>;
}

async function keyDocuments({ store }: ActivityDependencies, stages: readonly StageResult[]): Promise<ReadonlyMap<string, JsonObject>> {
  const documents = new Map<string, JsonObject>();
  for (const { stageKey } of stages) documents.set(stageKey, (await readKeyDocument(store, stageKey)) ?? {});
  return documents;
}

/** Lineage: where every bit of the model comes from. */
function manifest({ plan, input, test, baseline, keyDocuments }: ManifestInput): JsonObject & { readonly name: string } {
  return {
    name: plan.name,
    format: 1,
    rootstock: VERSION,
    run_digest: plan.runDigest,
    plan_sha256: input.plan.digest,
    weights_sha256: input.stages.at(-1)?.weights.digest ?? null,
    seed: plan.seed,
    model: { name: plan.model.name, definition_version: plan.model.definitionVersion },
    pre_trained:
      plan.initial.kind === 'fresh'
        ? null
        : {
            path: plan.initial.source.path,
            weights_sha256: input.preTrained?.digest ?? null,
            match_report_sha256: input.matchReport?.digest ?? null,
          },
    data: Object.fromEntries(
      Object.entries(plan.data.facts.splits).map(([split, facts]) => [split, { rows: facts.rows, sha256: facts.digest }]),
    ),
    stages: input.stages.map((stage) => ({
      name: stage.name,
      stage_key: stage.stageKey,
      key_document: keyDocuments.get(stage.stageKey) ?? null,
      weights_sha256: stage.weights.digest,
      last_weights_sha256: stage.lastWeights.digest,
      best_weights_sha256: stage.bestWeights?.digest ?? null,
      ...(stage.emaWeights === undefined ? {} : { ema_weights_sha256: stage.emaWeights.digest }),
      epochs: stage.epochs,
      steps: stage.steps,
      metrics: { ...stage.metrics },
      frozen_parameters: stage.frozenParameters,
      freeze_receipt: { ...stage.freezeReceipt },
    })),
    test: { ...test },
    baseline:
      baseline === null
        ? null
        : {
            stage_key: baseline.stageKey,
            weights_sha256: baseline.weightsSha256,
            epochs: baseline.epochs,
            steps: baseline.steps,
            test: { ...baseline.test },
          },
    baseline_error: input.baselineError,
    versions: { node: process.versions.node, v8: process.versions.v8 },
  };
}

function prettyJson(value: JsonObject): Uint8Array {
  return Buffer.from(`${JSON.stringify(value, null, 2)}\n`);
}
