import { defineSearchAttributeKey } from '@temporalio/common';
import { defineQuery, defineSignal, setCurrentDetails, setHandler, upsertSearchAttributes } from '@temporalio/workflow';
import type { ProgressSignal, RunStatus, StageStatus } from '../src/contracts/run-state.ts';
import type { PlanSummary, StageResult, StageSummary } from '../src/contracts/stage-activities.ts';
import { PROGRESS_SIGNAL, type RunStatusName, SEARCH_ATTRIBUTES, STATUS_QUERY } from '../src/contracts/workflow.ts';
import { currentDetails } from './details.ts';
import type { StageObserver } from './run-stages.ts';

/** What a run shows of itself: the status query, the UI's current details, two search attributes. */
export interface RunView extends StageObserver {
  update(change: Partial<RunStatus>): void;
  announce(name: RunStatusName): void;
  planned(summary: PlanSummary): void;
  finished(index: number, result: StageResult): void;
  failed(index: number, error: string): void;
}

/** Registers the status query and the progress signal. */
export function createRunView(searchAttributes: boolean): RunView {
  let status: RunStatus = { phase: 'plan', summary: null, matched: null, stages: [], child: null, parked: null, result: null };
  const update = (change: Partial<RunStatus>) => {
    status = { ...status, ...change };
    setCurrentDetails(currentDetails(status));
  };
  const updateStage = (index: number, change: Partial<StageStatus>) =>
    update({ stages: status.stages.map((stage) => (stage.index === index ? { ...stage, ...change } : stage)) });

  setHandler(defineQuery<RunStatus>(STATUS_QUERY), () => status, {
    description: 'Where the run is: phase, stages, results, why it waits.',
  });
  setHandler(defineSignal<[ProgressSignal]>(PROGRESS_SIGNAL), (progress) => updateStage(progress.stage, { progress }), {
    description: 'Progress of a stage, from its train activity.',
  });

  return {
    update,
    announce(name) {
      if (!searchAttributes) return;
      upsertSearchAttributes([
        { key: defineSearchAttributeKey(SEARCH_ATTRIBUTES.status, 'KEYWORD'), value: name },
        { key: defineSearchAttributeKey(SEARCH_ATTRIBUTES.needsHuman, 'BOOL'), value: name === 'needs_attention' },
      ]);
    },
    planned(summary) {
      const all = summary.baseline === null ? summary.stages : [...summary.stages, summary.baseline];
      update({ summary, stages: all.map(waitingStage) });
    },
    finished: (index, result) => updateStage(index, { state: 'done', result }),
    failed: (index, error) => updateStage(index, { state: 'failed', error }),
    onStep: (stage, step) => updateStage(stage.index, { state: step }),
    onMiss: (stage, missReason) => updateStage(stage.index, { missReason }),
  };
}

function waitingStage(stage: StageSummary): StageStatus {
  const { index, name, maxEpochs, totalSteps } = stage;
  return { index, name, state: 'waiting', maxEpochs, totalSteps, progress: null, missReason: null, result: null, error: null };
}
