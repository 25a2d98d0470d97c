import type { Command } from 'commander';
import type { RootstockClient } from '../../client/connect.ts';
import type { RunEvent } from '../../client/run-events.ts';
import { formatPlan } from '../../reports/plan-report.ts';
import type { AddCommand } from '../add-command.ts';
import { beginAhead } from '../begin-ahead.ts';
import { collect } from '../collect.ts';
import { type CommandLine, commandLineOf, runAgain } from '../command-line.ts';
import { EXIT } from '../exit-codes.ts';
import { type GlobalOptions, globalOptions } from '../global-options.ts';
import { interruptibly, tellWaiting } from '../interruptible-wait.ts';
import { createOutput, type Output } from '../output.ts';
import { planFile } from '../plan-file.ts';
import type { PreparedWorker } from '../prepared-worker.ts';
import { createRunScreen, type RunScreen } from '../run-screen.ts';
import { startWorkerProcess } from '../worker-process.ts';

interface RunFlags {
  readonly set?: readonly string[];
  readonly detach?: boolean;
  readonly replace?: boolean;
  readonly json?: boolean;
}

/** `rootstock run FILE`: the main job. */
export const runCommand: AddCommand = (program, done, prepared) => {
  program
    .command('run')
    .description('run a transfer to its end; the same command again attaches to it or goes on after any interruption')
    .argument('<file>', 'run file (YAML or JSON)')
    .option('--set <key=value>', 'override a key of the run file (repeatable)', collect)
    .option('--detach', 'leave a background worker and return at once')
    .option('--replace', 'cancel a running run of this name that has another configuration')
    .option('--json', 'one JSON object per line; the last says how it ended')
    .addHelpText(
      'after',
      '\nCtrl-C saves a snapshot and leaves the run open: run the same command again to go on. `rootstock cancel NAME` ends it.',
    )
    .action(async (file: string, flags: RunFlags, command: Command) =>
      done(await run(file, flags, { options: globalOptions(command), commandLine: commandLineOf(command), prepared })),
    );
};

interface RunContext {
  readonly options: GlobalOptions;
  readonly commandLine: CommandLine;
  readonly prepared: PreparedWorker | undefined;
}

async function run(file: string, flags: RunFlags, { options, commandLine, prepared }: RunContext): Promise<number> {
  const output = createOutput(flags.json === true);
  // A detached worker ends with its run, and so has to be told of it after it is there.
  const ahead = beginAhead({ options, prepared: flags.detach === true ? undefined : prepared, output });
  const planned = await planFile(file, { ...options, set: flags.set ?? [], output, onValid: ahead.begin }).catch(async (error: unknown) => {
    await prepared?.end();
    await ahead.leave();
    throw error;
  });
  if (!output.json) output.line(formatPlan(planned.plan)); // numbers for people take a while
  output.line();
  const interrupt = new AbortController();
  const onInterrupt = () => interrupt.abort();
  process.once('SIGINT', onInterrupt);
  process.once('SIGTERM', onInterrupt);

  const connected = await ahead.finish();
  try {
    const { startPlanned } = await import('../../client/start-run.ts');
    const screen = createRunScreen(output, process.stdout, commandLine);
    const onRestart = (reason: string) => {
      const event = { event: 'waiting', workflow_id: planned.plan.name, reason } as const;
      output.object(event);
      screen.show(event);
    };
    const hostWorker = () => {
      output.note('Starting a worker that saves and closes the run that is replaced...');
      return startWorkerProcess(options, onRestart, prepared);
    };
    const wait = { output, workflowId: planned.plan.name, commandLine, more: ' Nothing has been started in its place.' };
    const begun = await interruptibly(wait, (signal) => {
      const onWaiting = tellWaiting(output, planned.plan.name);
      return startPlanned(connected, planned, { replace: flags.replace === true, hostWorker, onWaiting, signal });
    });
    if ('left' in begun) return begun.left;
    const started = begun.found;
    const { workflowId, runId } = started;
    const startEvent = { event: startEventName(started.action), workflow_id: workflowId, run_id: runId, reason: started.reason } as const;
    output.object(startEvent);
    const ui =
      connected.server.uiUrl === null
        ? ''
        : `${connected.server.uiUrl}/namespaces/${connected.server.namespace}/workflows/${encodeURIComponent(workflowId)}/${runId}`;
    output.line(`Run "${workflowId}": ${started.reason}`);
    if (ui !== '') output.line(`Temporal UI: ${ui}`);
    const following = { connected, started, output, screen, signal: interrupt.signal };
    const leave = () =>
      sayHowToGoOn(output, {
        workflow_id: workflowId,
        go_on: commandLine(...runAgain(file, flags.set ?? [])),
        cancel: commandLine('cancel', workflowId),
      });
    if (started.action === 'print') {
      const ended = await follow(following);
      if (ended === EXIT.interrupted) leave();
      return ended;
    }

    const detached = flags.detach === true ? { untilRun: workflowId } : {};
    const worker = await startWorkerProcess({ ...options, ...detached }, onRestart, prepared);
    if (flags.detach === true) {
      output.object({ event: 'detached', workflow_id: workflowId, worker_pid: worker.pid, log: worker.log });
      output.line(
        `A background worker (pid ${worker.pid}) goes on until the run ends or needs you. Log: ${worker.log}\nWatch it: ${commandLine('status', workflowId)}`,
      );
      return EXIT.done;
    }
    let ended: number | undefined;
    try {
      ended = await follow(following);
      if (ended === EXIT.interrupted) output.note('Interrupted: saving a snapshot...');
    } finally {
      await worker.stop();
    }
    if (ended === EXIT.interrupted) leave();
    return ended;
  } finally {
    await connected.close();
    process.off('SIGINT', onInterrupt);
    process.off('SIGTERM', onInterrupt);
  }
}

function startEventName(action: 'start' | 'attach' | 'print'): 'started' | 'attached' | 'reused' {
  return ({ start: 'started', attach: 'attached', print: 'reused' } as const)[action];
}

interface FollowInput {
  readonly connected: RootstockClient;
  readonly started: { readonly workflowId: string; readonly runId: string };
  readonly output: Output;
  readonly screen: RunScreen;
  readonly signal: AbortSignal;
}

/** Shows a run until it ends, needs somebody or is left alone; gives the exit code. */
async function follow({ connected, started, output, screen, signal }: FollowInput): Promise<number> {
  const { followRun } = await import('../../client/follow-run.ts');
  let last: RunEvent | undefined;
  try {
    for await (const event of followRun(connected, started, signal)) {
      last = event;
      output.object(event);
      screen.show(event);
    }
  } finally {
    screen.end();
  }
  if (last?.event === 'completed') return EXIT.done;
  const over = last?.event === 'needs_attention' || last?.event === 'failed' || last?.event === 'cancelled';
  return signal.aborted && !over ? EXIT.interrupted : EXIT.runFailed;
}

interface GoOn {
  readonly workflow_id: string;
  /** Command lines for a shell. */
  readonly go_on: string;
  readonly cancel: string;
}

/** The last words of an interrupted command: nothing of the run is lost. */
function sayHowToGoOn(output: Output, commands: GoOn): void {
  output.object({ event: 'interrupted', ...commands });
  output.line(`The run "${commands.workflow_id}" stays open. Go on with:\n  ${commands.go_on}\nEnd it with:\n  ${commands.cancel}`);
}
