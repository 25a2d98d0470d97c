import { hostname } from 'node:os';
import { readProcessIdentity } from '../processes/process-identity.ts';

/** A process as the store names it: with its host. `processStartTime` is opaque: compare for equality only. */
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
  const processStartTime = readProcessStartTime(pid);
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
  return readProcessStartTime(identity.pid) !== identity.processStartTime;
}

/** When a process started, in a form that may be part of a file name; undefined when it does not run (a zombie counts as gone). */
function readProcessStartTime(pid: number): string | undefined {
  const found = Number.isSafeInteger(pid) && pid > 0 ? readProcessIdentity(pid) : null;
  if (found === null) return undefined;
  return `${found.bootId.slice(0, 8)}-${found.startTime.replaceAll(/[^A-Za-z0-9:]+/gu, '-')}`;
}
