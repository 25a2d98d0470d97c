import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger, NativeConnection, Worker, type WorkerOptions, type WorkflowBundle } from '@temporalio/worker';
import { createActivities } from '../../activities/create-activities.ts';
import { openFsStore } from '../artifacts/fs-store.ts';
import type { ArtifactStore } from '../artifacts/store.ts';
import { stateLayout } from '../contracts/state-directory.ts';
import { taskQueues } from '../contracts/workflow.ts';
import { composeMessage, RootstockError } from '../errors.ts';
import { loadModels, toModuleUrls } from '../models/load-models.ts';
import { resolveServer, type ServerConnection } from '../server/resolve-server.ts';
import { createTrainers, type Trainers } from '../trainer-client/trainers.ts';

/** What a worker needs. */
export interface CreateWorkerOptions {
  /** State directory; default `.rootstock` in the working directory. */
  readonly stateDir?: string;
  /** Modules with further model definitions (exports made by `defineModel`): paths or file URLs. Named by the operator, never by data. */
  readonly register?: readonly string[];
  /** Trainings at once = devices; default 1. */
  readonly trainSlots?: number;
  /** True: it runs the code of workflows, which answers what runs are asked, and leaves all activities to others. Default false. */
  readonly answersOnly?: boolean;
}

/** A worker that is ready to poll. */
export interface RootstockWorker {
  readonly identity: string;
  readonly storeId: string;
  /** Polls until `shutdown`; resolves after the last activity has ended. */
  run(): Promise<void>;
  /** Stops polling, lets trainers save a snapshot, ends `run`; also one that has not begun. */
  shutdown(): void;
  /** Hears when an embedded server came back on another address: this worker cannot reach it, a new one can. */
  onAddressChange(listener: () => void): void;
}

/**
 * How long running activities get after a shutdown: a snapshot's commit plus margin. They hear of it at once
 * (shutdownGraceTime 0), because saving takes a moment and waiting gains nothing.
 */
const FORCE_AFTER = '70 seconds';

/**
 * Creates the Workers of a process: `io` runs workflows and light activities, `train` runs trainings (slots = devices). One that only answers has
 * no `train`, and an `io` without activities.
 * Errors: USAGE for `trainSlots`; SERVER_UNAVAILABLE and those of `resolveServer`, STORE_UNSUPPORTED.
 */
export function createWorker(options: CreateWorkerOptions = {}): Promise<RootstockWorker> {
  return createHeldWorker(options, null);
}

/** A worker that is created before it is known whether there is anything to do: until then it makes nothing in the state directory. */
export interface WorkerHold {
  /** Of the store that is there once it may poll. */
  readonly storeId: string;
  /** Whether it may poll; `run` must not be called before. */
  readonly released: Promise<boolean>;
}

/** Creates a worker as `createWorker` does, ahead of its work unless `hold` is null. */
export async function createHeldWorker(options: CreateWorkerOptions, hold: WorkerHold | null): Promise<RootstockWorker> {
  const { trainSlots = 1, answersOnly = false } = options;
  requireSlots(trainSlots);
  const stateDir = resolve(options.stateDir ?? '.rootstock');
  const register = toModuleUrls(options.register ?? []);
  // A server is started for a worker that can be: everything else comes first.
  const [store, models] = await Promise.all([openStore(stateDir, hold), loadModels(register)]);
  const trainers = createTrainers();
  const activities = whenOpened(store.opened, (opened) => createActivities({ store: opened, stateDir, models, register, trainers }));
  const server = await resolveServer({ stateDir, env: process.env, provisional: hold !== null });
  void hold?.released.then((polls) => {
    if (polls) server.keep();
  });
  try {
    const connectionOptions = server.connectionOptions;
    const connection = await NativeConnection.connect(connectionOptions);
    try {
      const workers = await createWorkers({
        connection,
        server,
        activities: answersOnly ? null : activities,
        storeId: store.id,
        trainSlots,
      });
      return {
        identity: IDENTITY,
        storeId: store.id,
        ...supervise(workers, { connection, address: connectionOptions.address, server, trainers }),
      };
    } catch (error) {
      await connection.close();
      throw error;
    }
  } catch (error) {
    await server.close();
    throw error;
  }
}

/** The SDK takes no Worker without slots, and leaves those that were created before it behind. */
function requireSlots(trainSlots: number): void {
  if (Number.isInteger(trainSlots) && trainSlots >= 1) return;
  const problem = { where: 'trainSlots', text: `expected a whole number of at least 1, received ${trainSlots}` };
  const fix = 'leave trainSlots out for one training at a time; set answersOnly: true for a worker that trains nothing.';
  throw new RootstockError('USAGE', composeMessage('This worker cannot be created.', [problem], fix), { trainSlots });
}

interface StoreToBe {
  readonly id: string;
  readonly opened: Promise<ArtifactStore>;
}

async function openStore(stateDir: string, hold: WorkerHold | null): Promise<StoreToBe> {
  const { store: directory } = stateLayout(stateDir);
  if (hold === null) {
    const store = await openFsStore(directory);
    return { id: store.id, opened: Promise.resolve(store) };
  }
  const opened = hold.released.then((polls) => {
    if (!polls) throw new RootstockError('CANCELLED', 'This worker was ended before it had anything to do.');
    return openFsStore(directory);
  });
  opened.catch(() => undefined); // activities say what is wrong with it
  return { id: hold.storeId, opened };
}

/** Activities that wait for the store. */
function whenOpened(store: Promise<ArtifactStore>, create: (store: ArtifactStore) => Activities): Activities {
  const created = store.then(create);
  created.catch(() => undefined);
  return {
    io: {
      plan: async (input) => (await created).io.plan(input),
      load: async (input) => (await created).io.load(input),
      match: async (input) => (await created).io.match(input),
      freeze: async (input) => (await created).io.freeze(input),
      checkpoint: async (input) => (await created).io.checkpoint(input),
    },
    train: {
      train: async (input) => (await created).train.train(input),
      publish: async (input) => (await created).train.publish(input),
    },
  };
}

type Activities = ReturnType<typeof createActivities>;

const IDENTITY = `rootstock ${hostname()} pid ${process.pid}`;

interface CreateWorkersInput {
  readonly connection: NativeConnection;
  readonly server: ServerConnection;
  /** Null: it polls for workflow tasks only. */
  readonly activities: Activities | null;
  readonly storeId: string;
  readonly trainSlots: number;
}

/** The io and, where there are activities, the train Worker. An io Worker that has none does not ask for any: none is begun to be given up at once. */
async function createWorkers(input: CreateWorkersInput): Promise<readonly Worker[]> {
  const { connection, server, activities } = input;
  const queues = taskQueues(input.storeId);
  const common = {
    connection,
    namespace: server.namespace,
    identity: IDENTITY,
    maxHeartbeatThrottleInterval: '1 second',
    shutdownForceTime: FORCE_AFTER,
  } satisfies Partial<WorkerOptions>;
  const io = await Worker.create({
    ...common,
    taskQueue: queues.io,
    ...(activities === null ? {} : { activities: { ...activities.io } }),
    ...(await workflowCode()),
    maxConcurrentActivityTaskExecutions: 8,
  });
  if (activities === null) return [io];
  const train = await Worker.create({
    ...common,
    taskQueue: queues.train,
    activities: { ...activities.train },
    maxConcurrentActivityTaskExecutions: input.trainSlots,
  });
  return [io, train];
}

interface Held {
  readonly connection: NativeConnection;
  /** Where it was connected to. */
  readonly address: string;
  readonly server: ServerConnection;
  readonly trainers: Trainers;
}

/** Runs the Workers as one, and lets go of what they hold at the end. */
function supervise(
  workers: readonly Worker[],
  { connection, address, server, trainers }: Held,
): Omit<RootstockWorker, 'identity' | 'storeId'> {
  let shutdownRequested = false;
  const stopPolling = () => {
    for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
  };
  return {
    async run() {
      const runs = workers.map((worker) => worker.run());
      // A shutdown that came before there was anything to shut down.
      if (shutdownRequested) stopPolling();
      try {
        await Promise.all(runs);
      } finally {
        // One of them failed: the other must not poll on beside the worker that replaces both.
        stopPolling();
        await Promise.allSettled(runs);
        trainers.close();
        await connection.close();
        await server.close();
      }
    },
    onAddressChange(listener) {
      server.onChange((change) => {
        if (change.kind === 'ready' && change.address !== address) listener();
      });
      if (server.connectionOptions.address !== address) listener(); // it moved while the Workers were created
    },
    shutdown() {
      shutdownRequested = true;
      stopPolling();
    },
  };
}

/** The bundle made at build time; from sources it is bundled at start (1-4 s). */
async function workflowCode(): Promise<{ readonly workflowBundle: WorkflowBundle | { readonly codePath: string } }> {
  const built = fileURLToPath(new URL('../../workflow-bundle.js', import.meta.url));
  if (existsSync(built)) return { workflowBundle: { codePath: built } };
  const workflowsPath = fileURLToPath(new URL('../../workflows/index.ts', import.meta.url));
  return { workflowBundle: await bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('WARN') }) };
}
