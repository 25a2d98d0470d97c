import { CancellationScope, ContinueAsNew, continueAsNew, executeChild, isCancellation, workflowInfo } from '@temporalio/workflow';
import type { TransferLearningState } from '../src/contracts/run-state.ts';
import type { ChildRun, PublishResult, StageActivities, StageResult } from '../src/contracts/stage-activities.ts';
import { childWorkflowId, type TransferLearningInput } from '../src/contracts/workflow.ts';
import { type Cancelling, createCancelling } from './cancelling.ts';
import { failureFacts, runFailure } from './failure.ts';
import { createParking, type Parking } from './parking.ts';
import { createProxies } from './proxies.ts';
import { runStage, runStages, type StageSteps } from './run-stages.ts';
import { createRunView, type RunView } from './run-view.ts';

/**
 * One run: plan, (pre-train,) load, match, then freeze, train, checkpoint for every stage, at the end publish.
 * Errors in plan, load and match fail the run; what retries cannot cure later parks it until an Update decides.
 */
export async function transferLearning(input: TransferLearningInput): Promise<PublishResult> {
  const view = createRunView(input.searchAttributes);
  const parking = createParking((parked) => {
    view.update({ parked });
    view.announce(parked === null ? 'running' : 'needs_attention');
  });
  view.announce('running');
  try {
    const result = await run(input, view, parking);
    view.update({ phase: 'completed', result });
    view.announce('completed');
    return result;
  } catch (error) {
    if (error instanceof ContinueAsNew) throw error;
    view.update({ parked: null }); // it waits for nobody any more
    await CancellationScope.nonCancellable(async () => view.announce(isCancellation(error) ? 'cancelled' : 'failed'));
    if (isCancellation(error)) throw error;
    throw runFailure(failureFacts(error));
  }
}

async function run(input: TransferLearningInput, view: RunView, parking: Parking): Promise<PublishResult> {
  const cancelling = createCancelling();
  const activities = createProxies(input.queues, cancelling);
  const state = input.resume ?? (await prepare(input, { activities, view, cancelling }));
  const { summary, loaded, matched } = state;
  if (input.resume !== null) view.planned(summary);
  view.update({ phase: 'stages', matched });
  for (const [index, result] of state.stages.entries()) view.finished(index, result);

  const stages = await runStages(
    { summary, data: loaded.data, initialWeights: matched.weights, finished: state.stages },
    guardSteps(
      activities,
      summary.stages.map((stage) => stage.name),
      parking,
    ),
    { ...view, onDone: (results) => afterStage(results, { input, state, view, cancelling }) },
  );
  const baseline = await runBaseline(state, activities, view);

  view.update({ phase: 'publish' });
  return parking.guard({ activity: 'publish', stage: null }, () =>
    activities.publish({
      plan: summary.plan,
      data: loaded.data,
      stages,
      ...baseline,
      preTrained: loaded.preTrained,
      matchReport: matched.report,
      startedAt: workflowInfo().startTime.toISOString(),
    }),
  );
}

interface Preparing {
  readonly activities: StageActivities;
  readonly view: RunView;
  readonly cancelling: Cancelling;
}

async function prepare(input: TransferLearningInput, { activities, view, cancelling }: Preparing): Promise<TransferLearningState> {
  const summary = await activities.plan({ run: input.run, expectedPlanDigest: input.expectedPlanDigest });
  view.planned(summary);
  const { child } = summary;
  if (child !== null) await cancelling.guard(() => preTrain(child, input, view));
  view.update({ phase: 'load' });
  const loaded = await activities.load({ plan: summary.plan });
  view.update({ phase: 'match' });
  const matched = await activities.match({ plan: summary.plan, preTrained: loaded.preTrained });
  return { summary, loaded, matched, stages: [] };
}

/** Runs the run file that makes the pre-trained model, as a child: visible, cancellable and resumable by itself. */
async function preTrain(child: ChildRun, input: TransferLearningInput, view: RunView): Promise<void> {
  const workflowId = childWorkflowId(workflowInfo().workflowId, child.name);
  view.update({ phase: 'pre-train', child: workflowId });
  await executeChild(transferLearning, {
    workflowId,
    args: [{ ...input, run: child.run, expectedPlanDigest: null, resume: null }],
    parentClosePolicy: 'REQUEST_CANCEL',
    cancellationType: 'WAIT_CANCELLATION_COMPLETED',
    memo: { runDigest: child.runDigest, source: child.run.source, config: child.run.config },
    staticSummary: `Pre-training ${child.name}: ${child.reason}`,
  });
  view.update({ child: null });
}

/** Parks instead of failing, per step. */
function guardSteps(activities: StageActivities, names: readonly string[], parking: Parking): StageSteps {
  const stage = (index: number) => names[index] ?? null;
  return {
    freeze: (input) => parking.guard({ activity: 'freeze', stage: stage(input.stage) }, () => activities.freeze(input)),
    train: (input) => parking.guard({ activity: 'train', stage: stage(input.stage) }, () => activities.train(input)),
    checkpoint: (input) => parking.guard({ activity: 'checkpoint', stage: stage(input.stage) }, () => activities.checkpoint(input)),
  };
}

interface StageContext {
  readonly input: TransferLearningInput;
  readonly state: TransferLearningState;
  readonly view: RunView;
  readonly cancelling: Cancelling;
}

/**
 * Shows a finished stage and, when the history has grown long, goes on in a new run of the workflow. Not when the run is cancelled: the new
 * one would know nothing of it, and this one ends at its next step.
 */
async function afterStage(results: readonly StageResult[], { input, state, view, cancelling }: StageContext): Promise<void> {
  const last = results.at(-1);
  if (last !== undefined) view.finished(results.length - 1, last);
  if (workflowInfo().continueAsNewSuggested && !cancelling.isRequested()) {
    await continueAsNew<typeof transferLearning>({ ...input, resume: { ...state, stages: results } });
  }
}

/** The same budget from scratch. Its failure is reported and never parks the run. */
async function runBaseline(
  { summary, loaded }: TransferLearningState,
  activities: StageActivities,
  view: RunView,
): Promise<{ readonly baseline: StageResult | null; readonly baselineError: string | null }> {
  const stage = summary.baseline;
  if (stage === null) return { baseline: null, baselineError: null };
  try {
    const baseline = await runStage({ plan: summary.plan, data: loaded.data, stage, inputWeights: null }, activities, view);
    view.finished(stage.index, baseline);
    return { baseline, baselineError: null };
  } catch (error) {
    if (isCancellation(error)) throw error;
    const { code, message } = failureFacts(error);
    view.failed(stage.index, `${code}: ${message}`);
    return { baseline: null, baselineError: `${code}: ${message}` };
  }
}
