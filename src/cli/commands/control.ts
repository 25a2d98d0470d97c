import type { Command } from 'commander';
import { untilClosed } from '../../client/close-run.ts';
import { connectRootstock, type RootstockClient } from '../../client/connect.ts';
import { abortRun, cancelRun, retryRun } from '../../client/control-run.ts';
import { followRun } from '../../client/follow-run.ts';
import type { RunEvent } from '../../client/run-events.ts';
import type { AddCommand } from '../add-command.ts';
import { commandLineOf } from '../command-line.ts';
import { EXIT } from '../exit-codes.ts';
import { globalOptions } from '../global-options.ts';
import { interruptibly, tellWaiting } from '../interruptible-wait.ts';
import { createOutput, type Output } from '../output.ts';
import { createRunScreen } from '../run-screen.ts';
import { startWorkerProcess } from '../worker-process.ts';

/** `rootstock cancel NAME`. */
export const cancelCommand: AddCommand = (program, done) => {
  withRun(program, 'cancel', 'end a run; its trainer saves a snapshot first, and a later run of the same file goes on from there').action(
    async (name: string, flags: { json?: boolean }, command: Command) => {
      const output = createOutput(flags.json === true);
      const options = globalOptions(command);
      const connected = await connectRootstock({ stateDir: options.stateDir });
      const onWaiting = tellWaiting(output, name);
      const hostWorker = () => startWorkerProcess(options, onWaiting);
      const wait = { output, workflowId: name, commandLine: commandLineOf(command), more: '' };
      try {
        const ended = await interruptibly(wait, (signal) => cancelRun(connected, name, { hostWorker, onWaiting, signal }));
        if ('left' in ended) return done(ended.left);
        output.object(ended.found);
        output.line(cancelText(name, ended.found));
        done(ended.found.event === 'failed' ? EXIT.runFailed : EXIT.done);
      } finally {
        await connected.close();
      }
    },
  );
};

/** A cancel that comes with the last step may come too late. */
function cancelText(name: string, end: RunEvent): string {
  if (end.event === 'completed') return `"${name}" had come to its end: it completed before the cancel took effect.\nModel: ${end.output}`;
  if (end.event === 'failed') return `"${name}" failed before the cancel took effect.\n${end.code}: ${end.message}`;
  return `Cancelled "${name}". Its finished stages and last snapshot stay in the store.`;
}

/** `rootstock retry NAME`. */
export const retryCommand: AddCommand = (program, done) => {
  withRun(program, 'retry', 'run the step again at which a run waits for you, and follow the run to its end').action(
    async (name: string, flags: { json?: boolean }, command: Command) => {
      const output = createOutput(flags.json === true);
      const last = await withWorker(command, output, async (connected) => {
        await retryRun(connected, name);
        const screen = createRunScreen(output, process.stdout, commandLineOf(command));
        let event = '';
        for await (const news of followRun(connected, { workflowId: name })) {
          event = news.event;
          output.object(news);
          screen.show(news);
        }
        screen.end();
        return event;
      });
      done(last === 'completed' ? EXIT.done : EXIT.runFailed);
    },
  );
};

/** `rootstock abort NAME`. */
export const abortCommand: AddCommand = (program, done) => {
  withRun(program, 'abort', 'end a run that waits for you as failed').action(
    async (name: string, flags: { json?: boolean }, command: Command) => {
      const output = createOutput(flags.json === true);
      const decided = await withWorker(command, output, async (connected) => {
        const workflowId = await abortRun(connected, name);
        await untilClosed(connected, { workflowId: name }, { onWaiting: tellWaiting(output, name) });
        return workflowId;
      });
      output.object({ event: 'aborted', workflow_id: decided });
      output.line(`Aborted "${decided}". Its finished stages stay in the store.`);
      done(EXIT.done);
    },
  );
};

function withRun(program: Command, name: string, description: string): Command {
  return program.command(name).description(description).argument('<run>', 'name of the run').option('--json', 'print JSON');
}

/** Updates need a live worker: the command hosts one itself. */
async function withWorker<T>(command: Command, output: Output, work: (connected: RootstockClient) => Promise<T>): Promise<T> {
  const options = globalOptions(command);
  const connected = await connectRootstock({ stateDir: options.stateDir });
  try {
    const worker = await startWorkerProcess(options, (reason) => output.note(reason));
    try {
      return await work(connected);
    } finally {
      await worker.stop();
    }
  } finally {
    await connected.close();
  }
}
