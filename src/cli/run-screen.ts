import { styleText } from 'node:util';
import type { CompletedEvent, RunEvent, StageEvent } from '../client/run-events.ts';
import { plural } from '../contracts/plural.ts';
import { distinctMetrics, formatBar, formatCount, formatMetrics, formatNamed, formatNumber } from '../reports/format.ts';
import { formatTable } from '../reports/table.ts';
import type { CommandLine } from './command-line.ts';
import type { Output } from './output.ts';

/** Shows a run's events: a live line on a terminal, plain lines elsewhere. */
export interface RunScreen {
  show(event: RunEvent): void;
  end(): void;
}

/** A plain log line at most this often. */
const PLAIN_EVERY_MS = 5_000;

const BAR_WIDTH = 24;

/** Creates the screen; silent with --json. `commandLine` writes the commands that it names. */
export function createRunScreen(output: Output, stream: NodeJS.WriteStream, commandLine: CommandLine): RunScreen {
  const live = stream.isTTY && !output.json;
  let open = false;
  let lastPlain = 0;
  const clear = () => {
    if (open) stream.write('\r\x1b[2K');
    open = false;
  };
  const line = (text: string) => {
    clear();
    output.line(text);
  };
  const progress = (text: string) => {
    if (live) {
      stream.write(`\r\x1b[2K${text.slice(0, Math.max((stream.columns ?? 80) - 1, 20))}`);
      open = true;
    } else if (Date.now() - lastPlain >= PLAIN_EVERY_MS) {
      lastPlain = Date.now();
      output.line(text);
    }
  };
  return {
    show(event) {
      if (event.event === 'progress') progress(progressText(event));
      else for (const text of eventLines(event, commandLine)) line(text);
    },
    end: clear,
  };
}

function progressText({ stage, heartbeat }: Extract<RunEvent, { readonly event: 'progress' }>): string {
  const { step, totalSteps, epoch, maxEpochs, metrics, rate, eta } = heartbeat;
  const fraction = step / Math.max(totalSteps, 1);
  return `  ${stage} ${formatBar(fraction, BAR_WIDTH)} ${Math.floor(fraction * 100)} %  step ${step}/${totalSteps}  epoch ${Math.min(epoch + 1, maxEpochs)}/${maxEpochs}  ${rate}  eta ${eta}  ${formatMetrics(metrics)}`;
}

function eventLines(event: Exclude<RunEvent, { readonly event: 'progress' }>, commandLine: CommandLine): readonly string[] {
  switch (event.event) {
    case 'started':
    case 'attached':
    case 'reused':
      return [];
    case 'phase':
      return event.phase === 'completed' ? [] : [dim(`${event.workflow_id}: ${PHASES[event.phase]}`)];
    case 'child':
      return [`Pre-training first: ${event.child} (${event.reason})`];
    case 'matched':
      return event.matched_parameters === 0
        ? []
        : [
            `Matched ${formatNamed(event.matched_parameters, 'parameter')}; ${formatCount(event.fresh_parameters)} ${plural(event.fresh_parameters, 'starts', 'start')} fresh`,
          ];
    case 'stage':
      return event.state === 'train'
        ? [bold(`Stage ${event.stage}`), ...(event.miss_reason === null ? [] : [`  trains again: ${event.miss_reason}`])]
        : [];
    case 'resumed':
      return [
        dim(
          `  ${event.stage} ${event.step === 0 ? 'begins again: it has no snapshot yet' : `goes on from its snapshot of step ${event.step}`}`,
        ),
      ];
    case 'waiting':
      return [dim(`  waiting: ${event.reason}`)];
    case 'stage_done':
      return [stageLine(event.stage)];
    case 'completed':
      return completedLines(event);
    case 'needs_attention':
      return [
        '',
        bold(`Needs attention: ${event.code} in ${event.activity}${event.stage === null ? '' : ` of stage ${event.stage}`}`),
        event.message,
        `Go on:   ${commandLine('retry', event.workflow_id)}${event.activity === 'train' ? '   (from the last good snapshot)' : ''}`,
        `Give up: ${commandLine('abort', event.workflow_id)}`,
      ];
    case 'failed':
      return ['', bold(`Failed: ${event.code}`), event.message];
    case 'cancelled':
      return [`Cancelled. Finished stages and the last snapshot stay in the store; running again goes on from there.`];
  }
}

const PHASES = {
  plan: 'planning',
  'pre-train': 'pre-training',
  load: 'loading the model and the data',
  match: 'matching modules',
  stages: 'stages',
  publish: 'evaluating and publishing',
  completed: 'completed',
} as const;

function stageLine(stage: StageEvent): string {
  const how = stage.cached ? 'reused' : 'done';
  return `  ${stage.name} ${how}: ${formatNamed(stage.epochs, 'epoch')}, ${formatNamed(stage.steps, 'step')}  ${formatMetrics(stage.metrics)}  weights ${stage.weights_sha256.slice(0, 12)}`;
}

function completedLines(event: CompletedEvent): readonly string[] {
  return [
    '',
    ...testTable(event),
    '',
    `Model:   ${event.output}`,
    `Metrics: ${event.output}/metrics.csv`,
    `Weights: sha256 ${event.weights_sha256}`,
  ];
}

function testTable({ test, baseline }: CompletedEvent): readonly string[] {
  const names = Object.keys(distinctMetrics(test));
  if (names.length === 0) return [];
  const header = baseline === null ? ['test', 'this run'] : ['test', 'this run', 'from scratch'];
  const rows = names.map((name) => [
    name,
    formatNumber(test[name] ?? 'NaN'),
    ...(baseline === null ? [] : [formatNumber(baseline.test[name] ?? 'NaN')]),
  ]);
  return [formatTable(header, rows)];
}

const bold = (text: string) => styleText('bold', text);
const dim = (text: string) => styleText('dim', text);
