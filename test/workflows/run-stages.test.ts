import assert from 'node:assert/strict';
import test from 'node:test';
import type { FreezeInput, StageResult, StageSummary } from '../../src/contracts/stage-activities.ts';
import { type RunObserver, runStage, runStages, type StageSteps } from '../../workflows/run-stages.ts';

const ref = (name: string) => ({ digest: name, byteLength: 1 });

const stages: readonly StageSummary[] = ['head', 'everything'].map((name, index) => ({
  index,
  name,
  maxEpochs: 1,
  totalSteps: 2,
  trainableParameters: 3,
  frozenParameters: 4,
}));

const summary = {
  plan: ref('plan'),
  planDigest: 'p',
  runDigest: 'r',
  name: 'run',
  modelName: 'mlp',
  stages,
  baseline: null,
  child: null,
  warnings: [],
};

function result(index: number, cached: boolean): StageResult {
  const weights = ref(`weights-${index}`);
  return {
    index,
    name: stages[index]?.name ?? '',
    stageKey: `key-${index}`,
    weights,
    lastWeights: weights,
    bestWeights: null,
    ledger: ref('ledger'),
    epochs: 1,
    steps: 2,
    metrics: {},
    cached,
    frozenParameters: 4,
    freezeReceipt: { before: 'f', after: 'f' },
  };
}

/** Steps that record what they were asked; the stages in `cachedStages` are found finished. */
function recordingSteps(calls: string[], cachedStages: readonly number[] = []): StageSteps & { readonly frozen: FreezeInput[] } {
  const frozen: FreezeInput[] = [];
  return {
    frozen,
    async freeze(input) {
      calls.push(`freeze ${input.stage} from ${input.inputWeights?.digest ?? 'fresh'}`);
      frozen.push(input);
      return {
        stageKey: `key-${input.stage}`,
        mask: ref('mask'),
        inputWeights: input.inputWeights ?? ref('fresh'),
        trainableParameters: 3,
        frozenParameters: 4,
        cached: cachedStages.includes(input.stage) ? result(input.stage, true) : null,
        missReason: null,
      };
    },
    async train(input) {
      calls.push(`train ${input.stage} from ${input.inputWeights.digest}`);
      return { snapshot: 1, stateDigest: 's', epochs: 1, steps: 2, metrics: {}, stoppedBy: 'max_epochs' };
    },
    async checkpoint(input) {
      calls.push(`checkpoint ${input.stage}`);
      return result(input.stage, false);
    },
  };
}

const silent: RunObserver = { onStep: () => undefined, onMiss: () => undefined, onDone: async () => undefined };

test('each stage starts from the checkpoint of the previous one', async () => {
  const calls: string[] = [];
  await runStages({ summary, data: {}, initialWeights: ref('matched'), finished: [] }, recordingSteps(calls), silent);
  assert.deepEqual(calls, [
    'freeze 0 from matched',
    'train 0 from matched',
    'checkpoint 0',
    'freeze 1 from weights-0',
    'train 1 from weights-0',
    'checkpoint 1',
  ]);
});

test('a stage that was finished before is not trained again, and the next one starts from its weights', async () => {
  const calls: string[] = [];
  const results = await runStages({ summary, data: {}, initialWeights: ref('matched'), finished: [] }, recordingSteps(calls, [0]), silent);
  assert.deepEqual(calls, ['freeze 0 from matched', 'freeze 1 from weights-0', 'train 1 from weights-0', 'checkpoint 1']);
  assert.deepEqual(
    results.map(({ cached }) => cached),
    [true, false],
  );
});

test('a continued run goes on after its finished stages', async () => {
  const calls: string[] = [];
  await runStages({ summary, data: {}, initialWeights: ref('matched'), finished: [result(0, false)] }, recordingSteps(calls), silent);
  assert.equal(calls[0], 'freeze 1 from weights-0');
});

test('the observer hears all results so far after each stage', async () => {
  const heard: number[] = [];
  const observer: RunObserver = { ...silent, onDone: async (results) => void heard.push(results.length) };
  await runStages({ summary, data: {}, initialWeights: ref('matched'), finished: [] }, recordingSteps([]), observer);
  assert.deepEqual(heard, [1, 2]);
});

test('a baseline starts from the fresh weights that freeze makes', async () => {
  const calls: string[] = [];
  const stage = { ...stages[0], index: 0 } as StageSummary;
  await runStage({ plan: ref('plan'), data: {}, stage, inputWeights: null }, recordingSteps(calls), silent);
  assert.deepEqual(calls, ['freeze 0 from fresh', 'train 0 from fresh', 'checkpoint 0']);
});
