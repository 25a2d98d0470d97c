import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isProcessAlive, type ProcessIdentity, readProcessIdentity } from '../../src/processes/process-identity.ts';
import { connectSupervisor } from '../../src/server/connect-supervisor.ts';
import type { EmbeddedServer } from '../../src/server/embedded-server.ts';

/** A real dev server on a file database in a temporary state directory, owned by a real supervisor. */
export interface TestServer {
  readonly stateDir: string;
  /** Environment that commands and child processes of a test need to reach this very server through its state directory. */
  readonly env: NodeJS.ProcessEnv;
  /** Always the newest address, pid and so on. */
  readonly server: EmbeddedServer;
  /** SIGKILLs the server and waits until its supervisor has it serving again. */
  readonly kill: () => Promise<void>;
  /** SIGKILLs the server while somebody else takes its port, so that it comes back on another one; waits for that. */
  readonly killAndMove: () => Promise<void>;
  /** SIGKILLs the supervisor; the held connection starts another one; waits until its server serves. */
  readonly killSupervisor: () => Promise<void>;
  /** Lets go, waits until server and supervisor have gone by themselves, and removes the state directory. Throws when one stays. */
  readonly stop: () => Promise<void>;
}

/** Servers of tests outlive their last client this long: enough for the next step of a test, no more. */
const LINGER_MS = '300';

/** Starts one. `stateDir` is made in the system's temporary folder unless given. */
export async function startTestServer(input: { readonly stateDir?: string } = {}): Promise<TestServer> {
  const stateDir = input.stateDir ?? (await mkdtemp(join(tmpdir(), 'rootstock-test-')));
  const env = testServerEnvironment();
  const server = await connectSupervisor({ stateDir, env });
  return {
    stateDir,
    env,
    server,
    kill: () => restarted(server, () => void process.kill(server.pid, 'SIGKILL')),
    killAndMove: () => killAndMove(server),
    killSupervisor: () => restarted(server, () => void process.kill(server.supervisorPid, 'SIGKILL')),
    async stop() {
      const processes = await processesOf(server, stateDir);
      await server.close();
      await waitUntilGone(processes);
      await rm(stateDir, { recursive: true, force: true });
    },
  };
}

/** This process's environment without a Temporal server of the developer's own, and with the short linger. */
export function testServerEnvironment(): NodeJS.ProcessEnv {
  const own = new Set(['TEMPORAL_CLI_PATH']);
  const entries = Object.entries(process.env).filter(([name]) => !name.startsWith('TEMPORAL_') || own.has(name));
  return { ...Object.fromEntries(entries), ROOTSTOCK_LINGER_MS: LINGER_MS };
}

/** Waits until these processes have ended; throws when one is still there after 20 s. */
export async function waitUntilGone(processes: readonly ProcessIdentity[]): Promise<void> {
  await waitFor(
    () => processes.every((identity) => !isProcessAlive(identity)),
    `processes ${processes.map(({ pid }) => pid).join(', ')} to end`,
  );
}

/** Waits for a condition; throws naming it after 20 s. */
export async function waitFor(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`waited 20 s for ${what}`);
    await delay(20);
  }
}

/** The server and supervisor of a state directory as they are now. */
export async function processesOf(server: EmbeddedServer, stateDir: string): Promise<readonly ProcessIdentity[]> {
  const recorded = JSON.parse(await readFile(join(stateDir, 'server', 'server.json'), 'utf8')) as { readonly server: ProcessIdentity };
  const supervisor = readProcessIdentity(server.supervisorPid);
  return supervisor === null ? [recorded.server] : [recorded.server, supervisor];
}

async function restarted(server: EmbeddedServer, act: () => void): Promise<void> {
  const before = server.pid;
  act();
  await waitFor(() => server.pid !== before, 'the server to serve again');
}

async function killAndMove(server: EmbeddedServer): Promise<void> {
  const { supervisorPid, address: before } = server;
  const squatter = createServer((socket) => socket.destroy());
  // The supervisor stands still until the port is taken: otherwise it would be back on it first.
  process.kill(supervisorPid, 'SIGSTOP');
  try {
    const port = Number(before.split(':')[1]);
    process.kill(server.pid, 'SIGKILL');
    await listen(squatter, port);
  } finally {
    process.kill(supervisorPid, 'SIGCONT');
  }
  try {
    await waitFor(() => server.address !== before, 'the server to serve on another port');
  } finally {
    squatter.close();
  }
}

async function listen(server: ReturnType<typeof createServer>, port: number): Promise<void> {
  await waitFor(
    () =>
      new Promise<boolean>((resolve) => {
        server.once('error', () => resolve(false));
        server.listen(port, '127.0.0.1', () => resolve(true));
      }),
    `port ${port} to be free`,
  );
}
