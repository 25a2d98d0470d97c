import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** One process for ever: process ids are used again, a pid with its start time is not. JSON. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Linux: clock ticks since boot (proc(5), /proc/PID/stat field 22). macOS: `ps -o lstart`, in UTC. */
  readonly startTime: string;
  /** Linux: the kernel's boot id, because ticks start again at each boot. Empty on macOS. */
  readonly bootId: string;
}

/** Identifies a running process; null when there is none with this pid (a zombie has ended). */
export function readProcessIdentity(pid: number): ProcessIdentity | null {
  return process.platform === 'linux' ? readFromProc(pid) : readFromPs(pid);
}

/** Whether that very process still runs. A recycled pid, and a pid from before a reboot, is not it. */
export function isProcessAlive(identity: ProcessIdentity): boolean {
  const now = readProcessIdentity(identity.pid);
  return now !== null && now.startTime === identity.startTime && now.bootId === identity.bootId;
}

/** Sends a signal to that very process; false when it is gone. Nothing else is ever signalled. */
export function signalProcess(identity: ProcessIdentity, signal: NodeJS.Signals): boolean {
  if (!isProcessAlive(identity)) return false;
  try {
    process.kill(identity.pid, signal);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

function readFromProc(pid: number): ProcessIdentity | null {
  const stat = readOrNull(`/proc/${pid}/stat`);
  if (stat === null) return null;
  // The second field is the command in parentheses and may itself hold spaces and parentheses.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const state = fields[0];
  const startTime = fields[19];
  if (state === 'Z' || state === 'X' || startTime === undefined) return null;
  return { pid, startTime, bootId: readOrNull('/proc/sys/kernel/random/boot_id')?.trim() ?? '' };
}

function readOrNull(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH') return null;
    throw error;
  }
}

function readFromPs(pid: number): ProcessIdentity | null {
  const env = { ...process.env, LC_ALL: 'C', TZ: 'UTC' };
  const { stdout } = spawnSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], { env, encoding: 'utf8' });
  const match = /^\s*(\S+)\s+(.+?)\s*$/.exec(stdout ?? '');
  const startTime = match?.[2];
  return startTime === undefined || match?.[1]?.startsWith('Z') === true ? null : { pid, startTime, bootId: '' };
}
