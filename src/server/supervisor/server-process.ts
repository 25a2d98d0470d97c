import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { SEARCH_ATTRIBUTES } from '../../contracts/workflow.ts';
import { isProcessAlive, type ProcessIdentity, readProcessIdentity, signalProcess } from '../../processes/process-identity.ts';
import type { ServerPorts } from './server-record.ts';

/** What a dev server is started with. */
export interface ServerProcessInput {
  readonly binary: string;
  readonly databasePath: string;
  readonly ports: ServerPorts;
  readonly env: NodeJS.ProcessEnv;
  /** Hears everything the server prints. */
  readonly onOutput: (chunk: Buffer) => void;
  /** Writes down the process before the server begins to run in it. */
  readonly record: (identity: ProcessIdentity) => Promise<void>;
}

/** A server process, perhaps not serving yet. */
export interface ServerProcess {
  readonly identity: ProcessIdentity;
  /** Resolves when the process has ended, with the way it did. */
  readonly exited: Promise<string>;
}

/** A dev server stops within 1.2 s when asked; SQLite loses nothing when it is killed instead. */
const STOP_MS = 8_000;

/**
 * Starts `temporal server start-dev` on a file database. A shell waits for a line before it turns into the server: the supervisor writes the pid
 * down first, and if it dies before that the shell reads the end of its input and ends, so there is never a server that no record names.
 */
export async function startServerProcess(input: ServerProcessInput): Promise<ServerProcess> {
  const child = spawn('/bin/sh', ['-c', 'read -r go && exec "$0" "$@"', input.binary, ...serverArguments(input)], {
    env: withoutTemporal(input.env),
    cwd: '/',
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const exited = exitOf(child);
  const identity = child.pid === undefined ? null : readProcessIdentity(child.pid);
  if (identity === null) throw new Error(`/bin/sh could not be started for ${input.binary}: ${await exited}`);
  child.stdout.on('data', input.onOutput);
  child.stderr.on('data', input.onOutput);
  // The shell may be killed before it reads: its exit is the news, not the broken pipe.
  child.stdin.on('error', () => undefined);
  try {
    await input.record(identity);
  } catch (error) {
    child.stdin.destroy();
    throw error;
  }
  child.stdin.end('go\n');
  return { identity, exited };
}

/** Stops a server wherever it came from: asks (or kills), waits, kills. Returns when it is gone; at once when it has gone already. */
export async function stopServerProcess(identity: ProcessIdentity, signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
  signalProcess(identity, signal);
  const deadline = Date.now() + STOP_MS;
  while (isProcessAlive(identity)) {
    if (Date.now() > deadline) signalProcess(identity, 'SIGKILL');
    await delay(20);
  }
}

/** The environment without TEMPORAL_* and without the user's config file: their addresses, TLS and keys are meant for another server. */
export function withoutTemporal(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const others = Object.entries(env).filter(([name]) => !name.startsWith('TEMPORAL_'));
  return { ...Object.fromEntries(others), TEMPORAL_CONFIG_FILE: '/dev/null' };
}

function serverArguments({ databasePath, ports }: ServerProcessInput): string[] {
  const place = ['--ip', '127.0.0.1', '--port', String(ports.grpc), '--ui-port', String(ports.ui)];
  // WAL with synchronous=FULL: a commit is on disk before it is acknowledged (sqlite.org/pragma.html#pragma_synchronous), with half the bytes written.
  const database = ['--db-filename', databasePath, '--sqlite-pragma', 'journal_mode=wal', '--sqlite-pragma', 'synchronous=2'];
  const attributes = [
    '--search-attribute',
    `${SEARCH_ATTRIBUTES.status}=Keyword`,
    '--search-attribute',
    `${SEARCH_ATTRIBUTES.needsHuman}=Bool`,
  ];
  return ['server', 'start-dev', ...place, ...database, ...attributes, '--log-level', 'warn', '--log-format', 'json'];
}

function exitOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(signal === null ? `ended with code ${code}` : `was ended by ${signal}`));
  });
}
