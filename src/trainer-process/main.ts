import type { BackendName } from '../contracts/plan.ts';
import { type FromTrainer, STANDBY, type ToTrainer, type TrainerJob } from '../contracts/trainer-protocol.ts';
import { keepThread } from '../data/graphs/builder-thread/keep-thread.ts';
import { loadBackend } from '../kernels/backend.ts';
import type { SaveRequest } from '../training/fit-types.ts';
import { openChannel } from './channel.ts';
import { runEvaluate } from './evaluate-job.ts';
import { runEvaluateModel } from './evaluate-model-job.ts';
import { failedMessage } from './failed-message.ts';
import { runFit } from './fit-job.ts';
import { hasLetGo, holdings } from './holdings.ts';
import type { JobContext } from './job-context.ts';
import { runPredict } from './predict-job.ts';

const WAITING_TITLE = 'rootstock standby trainer';

// The parent decides when a trainer ends: Ctrl-C reaches the whole process group, and a stop has to save first.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => undefined);
// Without a parent nobody would take the result, and the next attempt owns the stage.
process.on('disconnect', () => process.exit(1));

const prepared = prepare(process.argv.slice(2));
let request: SaveRequest = 'none';
let atWork = false;
const channel = openChannel(process, (message: ToTrainer) => {
  if (message.type === 'start') void work(message);
  // What is asked between two jobs was meant for the one before.
  else if (atWork) request = message.stop || request === 'stop' ? 'stop' : 'save';
});
const keptThread = keepThread();
const context: JobContext = {
  channel,
  keptThread,
  takeRequest() {
    const taken = request;
    request = 'none';
    return taken;
  },
};
process.on('uncaughtException', (error) => void end(failedMessage(error)));
process.on('unhandledRejection', (error) => void end(failedMessage(error)));
channel.send({ type: 'ready' });

/** A trainer that waits for its job says so in its title, and loads a backend meanwhile. The job loads it again, and so reports what went wrong. */
async function prepare([word, backend]: readonly string[]): Promise<void> {
  if (word !== STANDBY) return;
  process.title = WAITING_TITLE;
  await loadBackend(backend as BackendName).catch(() => undefined);
}

async function work({ job, stay = false }: Extract<ToTrainer, { readonly type: 'start' }>): Promise<void> {
  if (atWork) return;
  atWork = true;
  request = 'none';
  await prepared;
  const before = holdings(keptThread);
  const last = await run(job).catch(failedMessage);
  if (stay && last.type === 'finished' && (await hasLetGo(before, keptThread))) await waitAgain(last);
  else await end(last);
}

function run(job: TrainerJob): Promise<FromTrainer> {
  if (job.kind === 'fit') return runFit(job, context);
  if (job.kind === 'evaluate') return runEvaluate(job, context);
  return job.kind === 'evaluate_model' ? runEvaluateModel(job, context) : runPredict(job, context);
}

async function waitAgain(message: FromTrainer): Promise<void> {
  await channel.finish(message);
  process.title = WAITING_TITLE;
  atWork = false;
  channel.send({ type: 'ready' });
}

async function end(message: FromTrainer): Promise<void> {
  await channel.finish(message);
  process.exit(message.type === 'failed' ? 1 : 0);
}
