import { decodeNumber, type Metrics } from '../src/contracts/json.ts';
import type { RunStatus, StageStatus } from '../src/contracts/run-state.ts';

/** Writes the run's current details for the Temporal UI: GitHub-flavoured Markdown (the UI strips images, HTML and scripts). */
export function currentDetails(status: RunStatus): string {
  const parts = [headline(status)];
  if (status.stages.length > 0) parts.push(stageTable(status.stages));
  const misses = status.stages.filter((stage) => stage.missReason !== null);
  if (misses.length > 0) parts.push(misses.map((stage) => `- **${stage.name}** runs again: ${stage.missReason}`).join('\n'));
  if (status.result !== null) parts.push(`Output: \`${status.result.output}\`  \nTest: ${formatMetrics(status.result.test)}`);
  return parts.join('\n\n');
}

function headline(status: RunStatus): string {
  if (status.parked !== null) {
    const { code, message, activity, stage } = status.parked;
    return `**Needs attention: ${code}** in ${activity}${stage === null ? '' : ` of ${stage}`}\n\n\`\`\`\n${message}\n\`\`\`\n\nGo on with the Update **retryStage**, or end the run with **abort**.`;
  }
  if (status.phase === 'pre-train') return `Pre-training first: \`${status.child ?? ''}\``;
  return `Phase: **${status.phase}**`;
}

function stageTable(stages: readonly StageStatus[]): string {
  const rows = stages.map(
    (stage) =>
      `| ${stage.name} | ${stateText(stage)} | ${bar(stage)} | ${formatMetrics(stage.result?.metrics ?? stage.progress?.metrics ?? {})} |`,
  );
  return ['| stage | state | progress | metrics |', '|---|---|---|---|', ...rows].join('\n');
}

function stateText(stage: StageStatus): string {
  if (stage.state === 'failed') return `failed: ${stage.error ?? ''}`;
  if (stage.state === 'done') return stage.result?.cached === true ? 'reused' : 'done';
  return stage.state;
}

const BAR_CELLS = 10;

function bar(stage: StageStatus): string {
  const fraction = stage.state === 'done' ? 1 : (stage.progress?.step ?? 0) / Math.max(stage.totalSteps, 1);
  const full = Math.min(BAR_CELLS, Math.round(fraction * BAR_CELLS));
  return `${'█'.repeat(full)}${'░'.repeat(BAR_CELLS - full)} ${Math.round(fraction * 100)} %`;
}

function formatMetrics(metrics: Metrics): string {
  return Object.entries(metrics)
    .map(([name, value]) => `${name} ${Number(decodeNumber(value).toPrecision(4))}`)
    .join(', ');
}
