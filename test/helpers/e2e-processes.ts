import { readdirSync, readFileSync } from 'node:fs';
import { isProcessAlive, type ProcessIdentity, readProcessIdentity, signalProcess } from '../../src/processes/process-identity.ts';
import { until } from './e2e-wait.ts';

/** A running process that belongs to a workspace. */
export interface WorkspaceProcess extends ProcessIdentity {
  readonly command: string;
}

/**
 * Finds every process whose command line or environment mentions a workspace's directory, whoever its parent is now. Commands of a test
 * get that directory in their environment and hand it on, so no orphan can hide. Linux only.
 */
export function processesOf(root: string): readonly WorkspaceProcess[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((pid) => {
      const command = read(`/proc/${pid}/cmdline`);
      if (!command.includes(root) && !read(`/proc/${pid}/environ`).includes(root)) return [];
      const identity = readProcessIdentity(Number(pid));
      return identity === null ? [] : [{ ...identity, command: command.replaceAll('\0', ' ') }];
    });
}

/** SIGKILLs every process of a workspace at once, and those that one of them was just starting. */
export async function killEverythingOf(root: string): Promise<void> {
  await until(() => {
    const found = processesOf(root);
    for (const one of found) signalProcess(one, 'SIGKILL');
    return found.length === 0;
  }, `the processes of ${root} to be gone`);
}

/** Waits until a workspace has no process left by itself: what is still there fails the test by name. */
export async function untilNoProcessOf(root: string): Promise<void> {
  await until(
    () => processesOf(root).length === 0,
    () =>
      `these processes to end by themselves:\n${processesOf(root)
        .map(({ pid, command }) => `  ${pid} ${command}`)
        .join('\n')}`,
  );
}

/** SIGKILLs one process of a workspace and waits until it is gone. */
export async function killProcess(root: string, pid: number): Promise<void> {
  const found = processesOf(root).find((one) => one.pid === pid);
  if (found === undefined) throw new Error(`process ${pid} does not belong to ${root} or has ended`);
  signalProcess(found, 'SIGKILL');
  await until(() => !isProcessAlive(found), `process ${pid} to be gone`);
}

/** A kind of process. */
export type ProcessKind = 'cli' | 'worker' | 'trainer-process' | 'standby' | 'supervisor' | 'server';

/** How a process of each kind looks. Workers and trainers give themselves a title, which replaces their command line. */
const LOOKS: Readonly<Record<ProcessKind, RegExp>> = {
  cli: /\/cli\/main\./,
  worker: /^rootstock worker|\/worker\/main\./,
  'trainer-process': /^rootstock trainer|\/trainer-process\/main\.\w+ (?!standby)/,
  standby: /^rootstock standby trainer|\/trainer-process\/main\.\w+ standby/,
  supervisor: /\/supervisor\/main\./,
  server: / server start-dev /,
};

/** Finds the processes of a kind that a workspace has now. */
export function findProcesses(root: string, kind: ProcessKind): readonly WorkspaceProcess[] {
  return processesOf(root).filter(({ command }) => LOOKS[kind].test(command));
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // it has ended, or is not ours to look at
  }
}
