import { readFile } from 'node:fs/promises';
import type { ProcessIdentity } from '../../processes/process-identity.ts';
import { replaceFile } from './write-file-atomic.ts';

/** `server.json`: the server of a state directory, running or last run. Written before the server runs, so no server is ever unrecorded. */
export interface ServerRecord {
  readonly format: 1;
  /** The server's process; with its start time, so that a recycled pid is never signalled. */
  readonly server: ProcessIdentity;
  readonly ports: ServerPorts;
  /** Retention of the default namespace that was set in this database, in days; null before the first start has come that far. */
  readonly retentionDays: number | null;
  /** True until the first server of this database has served: nobody has used it, and it may lack tables. Absent: false. */
  readonly newDatabase?: boolean;
}

/** Ports of gRPC and of the Web UI, on 127.0.0.1. */
export interface ServerPorts {
  readonly grpc: number;
  readonly ui: number;
}

/** Reads `server.json`; null when there is none or it is damaged (then its server died with the machine). */
export async function readServerRecord(path: string): Promise<ServerRecord | null> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  return parseRecord(text);
}

/** Replaces `server.json`. */
export async function writeServerRecord(path: string, record: ServerRecord): Promise<void> {
  await replaceFile(path, `${JSON.stringify(record, null, 2)}\n`);
}

function parseRecord(text: string): ServerRecord | null {
  let value: Partial<ServerRecord> | null;
  try {
    value = JSON.parse(text) as Partial<ServerRecord> | null;
  } catch {
    return null;
  }
  const { format, server, ports, retentionDays, newDatabase } = value ?? {};
  const known = format === 1 && isPort(ports?.grpc) && isPort(ports.ui) && Number.isSafeInteger(server?.pid);
  if (!known || server === undefined || server.pid <= 1 || typeof server.startTime !== 'string' || typeof server.bootId !== 'string')
    return null;
  const record: ServerRecord = { format: 1, server, ports, retentionDays: typeof retentionDays === 'number' ? retentionDays : null };
  return newDatabase === true ? { ...record, newDatabase } : record;
}

function isPort(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 && value < 65_536;
}
