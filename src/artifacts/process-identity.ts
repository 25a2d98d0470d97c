import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { promisify } from 'node:util';

/** A process that can be told from a later one with the same pid. `processStartTime` is opaque: compare for equality only. */
export interface ProcessIdentity {
  readonly host: string;
  readonly pid: number;
  readonly processStartTime: string;
}

let own: Promise<ProcessIdentity> | undefined;

/** Describes the process it runs in. */
export function thisProcess(): Promise<ProcessIdentity> {
  own ??= describeProcess(process.pid).then((found) => found ?? { host: hostname(), pid: process.pid, processStartTime: 'unknown' });
  return own;
}

/** Describes a process of this host; undefined when it does not run. */
export async function describeProcess(pid: number): Promise<ProcessIdentity | undefined> {
  const processStartTime = await readProcessStartTime(pid);
  return processStartTime === undefined ? undefined : { host: hostname(), pid, processStartTime };
}

/** Describes a process of this host that was started a moment ago; one that is gone already is described so that it counts as dead. */
export async function processIdentity(pid: number): Promise<ProcessIdentity> {
  return (await describeProcess(pid)) ?? { host: hostname(), pid, processStartTime: 'gone' };
}

/**
 * Whether a process is known to be gone: same host, and its pid is free or belongs to a process that started at another time.
 * A process of another host, or one whose start time was never known, is never called dead.
 */
export async function isProcessDead(identity: ProcessIdentity): Promise<boolean> {
  if (identity.host !== hostname() || identity.processStartTime === 'unknown') return false;
  return (await readProcessStartTime(identity.pid)) !== identity.processStartTime;
}

/**
 * Reads when a process started; undefined when it does not run (a zombie counts as gone: nothing of it can run again).
 * Linux: field 22 of /proc/<pid>/stat, in clock ticks since boot, with the boot's id before it, because ticks repeat after a reboot (proc(5)).
 * macOS: `ps -o lstart=`, whole seconds.
 */
async function readProcessStartTime(pid: number): Promise<string | undefined> {
  if (!Number.isSafeInteger(pid) || pid <= 0) return undefined;
  if (process.platform === 'linux') return readLinuxStartTime(pid);
  try {
    const { stdout } = await promisify(execFile)('ps', ['-o', 'lstart=', '-p', String(pid)], { env: { ...process.env, LC_ALL: 'C' } });
    return stdout.trim().replaceAll(/[^A-Za-z0-9:]+/g, '-') || undefined;
  } catch {
    // ps exits with 1 when there is no such process.
    return undefined;
  }
}

async function readLinuxStartTime(pid: number): Promise<string | undefined> {
  const stat = await readOptional(`/proc/${pid}/stat`);
  if (stat === undefined) return undefined;
  // The second field is the command in parentheses and may itself hold spaces and parentheses; fields 3... follow the last one.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, ticks] = [fields[0], fields[19]];
  if (state === 'Z' || state === 'X' || ticks === undefined) return undefined;
  const boot = await readOptional('/proc/sys/kernel/random/boot_id');
  return `${boot?.slice(0, 8) ?? 'boot'}-${ticks}`;
}

async function readOptional(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch {
    // The process ended (ENOENT, ESRCH), or the kernel hides the file: either way there is nothing to read.
    return undefined;
  }
}
