import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { ProcessIdentity } from '../../processes/process-identity.ts';
import { type CappedLog, openCappedLog } from './capped-log.ts';
import { isServing } from './check-health.ts';
import { choosePorts } from './choose-ports.ts';
import type { SupervisorMessage } from './protocol.ts';
import { hasDatabase, removeDatabase, serverDatabase } from './server-database.ts';
import { type ServerProcess, startServerProcess, stopServerProcess } from './server-process.ts';
import { readServerRecord, type ServerRecord, writeServerRecord } from './server-record.ts';
import { setRetention } from './set-retention.ts';

/** What is kept running, and who hears about it. */
export interface KeepServerInput {
  /** Absolute; names the ports. */
  readonly stateDir: string;
  /** `<state>/server`, existing. */
  readonly directory: string;
  readonly binary: string;
  readonly env: NodeJS.ProcessEnv;
  readonly onState: (state: SupervisorMessage) => void;
}

/** A server that is started again whenever it dies. */
export interface ServerKeeper {
  /** Resolves after `stop`; rejects when the server will not start. */
  readonly done: Promise<void>;
  /** Stops the server and waits until its process is gone. `unused`: nothing is in its database, so that it need not be asked. */
  stop(unused?: boolean): Promise<void>;
}

/** Finished workflows stay visible this long (a dev server's own default is one day). */
const RETENTION_DAYS = 90;
const START_TIMEOUT_MS = 30_000;
/** Starts that fail one after the other before the supervisor gives up. */
const MAX_FAILED_STARTS = 5;
const BACKOFF_MS = { first: 100, most: 5_000 } as const;
/** A server that served this long starts with the shortest wait again. */
const GOOD_RUN_MS = 5_000;
const LOG_BYTES = 4 * 1024 * 1024;
/** Of what a server prints, this much is kept for the message when it does not start. */
const TAIL_CHARACTERS = 2_000;

/** Why a server stops that nobody needed. */
const UNUSED = Symbol('unused');

/** Keeps one dev server running on the database of a state directory. A server that a killed supervisor left behind is stopped first. */
export function keepServer(input: KeepServerInput): ServerKeeper {
  const log = openCappedLog(join(input.directory, 'server.log'), LOG_BYTES);
  const stopping = new AbortController();
  const done = keep(input, log, stopping.signal).finally(() => log.close());
  return {
    done,
    async stop(unused = false) {
      stopping.abort(unused ? UNUSED : undefined);
      await done;
    },
  };
}

async function keep(input: KeepServerInput, log: CappedLog, stopping: AbortSignal): Promise<void> {
  const leftover = await readServerRecord(recordPath(input));
  if (leftover !== null) await stopServerProcess(leftover.server);
  let failedStarts = 0;
  let backoffMs: number = BACKOFF_MS.first;
  while (!stopping.aborted) {
    const run = await runOnce(input, log, stopping);
    if (stopping.aborted) return;
    failedStarts = run.servedMs === null ? failedStarts + 1 : 0;
    if (failedStarts >= MAX_FAILED_STARTS) throw new Error(`the Temporal server ${run.end}, ${failedStarts} times in a row: ${run.tail}`);
    if (run.servedMs !== null && run.servedMs >= GOOD_RUN_MS) backoffMs = BACKOFF_MS.first;
    input.onState({ type: 'starting', text: `the Temporal server ${run.end}; starting it again` });
    await delay(backoffMs, undefined, { signal: stopping }).catch(() => undefined);
    backoffMs = Math.min(2 * backoffMs, BACKOFF_MS.most);
  }
}

/** How a server's life went. `servedMs` is null when it never came to serve. */
interface ServerRun {
  readonly servedMs: number | null;
  readonly end: string;
  readonly tail: string;
}

async function runOnce(input: KeepServerInput, log: CappedLog, stopping: AbortSignal): Promise<ServerRun> {
  const last = await readServerRecord(recordPath(input));
  const ports = await choosePorts(input.stateDir, last?.ports ?? null);
  const databasePath = serverDatabase(input.directory);
  if (last?.newDatabase === true) await removeDatabase(databasePath);
  const isNew = !(await hasDatabase(databasePath));
  const recordOf = (identity: ProcessIdentity): ServerRecord => ({
    format: 1,
    server: identity,
    ports,
    ...(isNew ? { retentionDays: null, newDatabase: true } : { retentionDays: last?.retentionDays ?? null }),
  });
  let tail = '';
  const server = await startServerProcess({
    binary: input.binary,
    databasePath,
    ports,
    env: input.env,
    onOutput(chunk) {
      log.write(chunk);
      tail = (tail + chunk.toString('utf8')).slice(-TAIL_CHARACTERS);
    },
    record: (identity) => writeServerRecord(recordPath(input), recordOf(identity)),
  });
  const onStop = (): void => void stopServerProcess(server.identity, stopping.reason === UNUSED ? 'SIGKILL' : 'SIGTERM');
  stopping.addEventListener('abort', onStop, { once: true });
  if (stopping.aborted) onStop();
  try {
    const problem = await becomeReady(input, server, recordOf(server.identity));
    if (problem === null) return { servedMs: await serve(input, server, ports), end: await server.exited, tail: newestLine(tail) };
    await stopServerProcess(server.identity);
    return { servedMs: null, end: problem, tail: newestLine(tail) };
  } finally {
    stopping.removeEventListener('abort', onStop);
    // Also when something above threw: no server outlives this function.
    await stopServerProcess(server.identity);
  }
}

async function serve(input: KeepServerInput, server: ServerProcess, ports: ServerRecord['ports']): Promise<number> {
  const since = Date.now();
  input.onState({
    type: 'ready',
    address: `127.0.0.1:${ports.grpc}`,
    uiUrl: `http://127.0.0.1:${ports.ui}`,
    serverPid: server.identity.pid,
    supervisorPid: process.pid,
  });
  await server.exited;
  return Date.now() - since;
}

async function becomeReady(input: KeepServerInput, server: ServerProcess, record: ServerRecord): Promise<string | null> {
  const address = `127.0.0.1:${record.ports.grpc}`;
  const problem = await Promise.race([server.exited, waitUntilServing(address, server.exited)]);
  if (problem !== null || record.retentionDays === RETENTION_DAYS) return problem;
  const retention = await setRetention(address, RETENTION_DAYS);
  if (retention === null) await writeServerRecord(recordPath(input), { ...record, retentionDays: RETENTION_DAYS, newDatabase: false });
  return retention;
}

async function waitUntilServing(address: string, exited: Promise<string>): Promise<string | null> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  let ended = false;
  void exited.then(() => {
    ended = true;
  });
  while (!(await isServing(address))) {
    if (ended || Date.now() > deadline) return `did not serve at ${address} within ${START_TIMEOUT_MS / 1000} s`;
    await delay(25);
  }
  return null;
}

function recordPath({ directory }: KeepServerInput): string {
  return join(directory, 'server.json');
}

function newestLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}
