import { spawn } from 'node:child_process';
import { open, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { makeDirectory } from '../files/make-directory.ts';
import { buildModuleCommand, moduleEnvironment } from './module-command.ts';
import type { SupervisorOptions } from './supervisor/protocol.ts';

/** How to start a supervisor process. */
export interface StartSupervisorInput {
  readonly stateDir: string;
  /** `<state>/server`. */
  readonly directory: string;
  /** The Temporal CLI. */
  readonly binary: string;
  /** Whether this command made the state directory. */
  readonly madeState: boolean;
  /** ROOTSTOCK_LINGER_MS changes how long the server outlives its last client (tests). */
  readonly env: NodeJS.ProcessEnv;
}

/** A supervisor that was started. It may have ended well because another one was faster. */
export interface StartedSupervisor {
  /** Whether the server's folder was made for it. */
  readonly madeServer: boolean;
  ended(): boolean;
  /** How it ended when it did not end well. */
  failure(): string | null;
}

/** Long enough for the next command of a script, short enough that nobody wonders about a server left behind. */
const LINGER_MS = 10_000;
const LOG_BYTES = 1024 * 1024;
/** The socket in it commands the server. */
const OWN = { mode: 0o700 } as const;

/** Starts a supervisor in a session of its own: no terminal's Ctrl-C reaches it, and it outlives this process. */
export async function startSupervisor({ stateDir, directory, binary, madeState, env }: StartSupervisorInput): Promise<StartedSupervisor> {
  let madeServer = await makeDirectory(directory, OWN);
  const { command, args } = buildModuleCommand(import.meta.url, './supervisor/main');
  const path = join(directory, 'supervisor.log');
  const log = await openLog(path).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    // It was there, and went with a server that nobody needed.
    madeServer = await makeDirectory(directory, OWN);
    return openLog(path);
  });
  const options: SupervisorOptions = { stateDir, binary, lingerMs: readLinger(env), made: { state: madeState, server: madeServer } };
  let end: string | null = null;
  let failed = false;
  try {
    const child = spawn(command, [...args, JSON.stringify(options)], {
      cwd: '/',
      env: moduleEnvironment(env),
      detached: true,
      stdio: ['ignore', 'ignore', log.fd],
    });
    child.unref();
    child.once('error', (error) => {
      [end, failed] = [`could not be started: ${error.message}`, true];
    });
    child.once('exit', (code, signal) => {
      // A killed supervisor is replaced; one that ends by itself with an error would do so again.
      [end, failed] = [`ended with ${signal ?? `code ${code}`}`, signal === null && code !== 0];
    });
  } finally {
    await log.close();
  }
  return { madeServer, ended: () => end !== null, failure: () => (failed ? end : null) };
}

function readLinger(env: NodeJS.ProcessEnv): number {
  const value = Number(env['ROOTSTOCK_LINGER_MS'] ?? LINGER_MS);
  return Number.isFinite(value) && value >= 0 ? value : LINGER_MS;
}

async function openLog(path: string) {
  const size = await stat(path).then(
    (facts) => facts.size,
    () => 0,
  );
  // Two starters at once may both try: the second finds nothing to rename.
  if (size > LOG_BYTES) await rename(path, `${path}.1`).catch(() => undefined);
  return open(path, 'a', 0o600);
}
