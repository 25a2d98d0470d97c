import type { Client, WorkflowExecutionDescription } from '@temporalio/client';
import type { RunMemo } from '../contracts/workflow.ts';
import { isNotFound } from './not-found.ts';

/** What there is already under a run's name. */
export type Existing =
  | { readonly kind: 'none' }
  | { readonly kind: 'running'; readonly runId: string; readonly memo: Partial<RunMemo> }
  | { readonly kind: 'completed'; readonly runId: string; readonly memo: Partial<RunMemo> }
  /** Failed, cancelled, terminated or timed out. */
  | { readonly kind: 'ended'; readonly runId: string; readonly how: string };

/** What to do about it. */
export type AttachDecision =
  | { readonly action: 'start'; readonly reason: string }
  | { readonly action: 'attach'; readonly runId: string; readonly reason: string }
  | { readonly action: 'print'; readonly runId: string; readonly reason: string }
  | { readonly action: 'refuse'; readonly reason: string }
  | { readonly action: 'replace'; readonly runId: string; readonly how: 'cancel' | 'terminate'; readonly reason: string };

/** Looks up the newest workflow of a name. */
export async function findExisting(client: Client, workflowId: string): Promise<Existing> {
  try {
    return toExisting(await client.workflow.getHandle(workflowId).describe());
  } catch (error) {
    if (isNotFound(error)) return { kind: 'none' };
    throw error;
  }
}

function toExisting(description: WorkflowExecutionDescription): Existing {
  const { runId } = description;
  const memo: Partial<RunMemo> = description.memo ?? {};
  const status = description.status.name;
  if (status === 'RUNNING' || status === 'PAUSED') return { kind: 'running', runId, memo };
  if (status === 'COMPLETED') return { kind: 'completed', runId, memo };
  return { kind: 'ended', runId, how: status.toLowerCase() };
}

/** What the decision depends on. */
export interface AttachFacts {
  readonly existing: Existing;
  readonly runDigest: string;
  readonly version: string;
  readonly replace: boolean;
  /** Whether the output directory still holds what this run digest published. */
  readonly outputIsThere: boolean;
}

/** Decides between starting, attaching, printing and refusing. Pure; the table is ARCHITECTURE.md's "Attaching to a run". */
export function decideAttach({ existing, runDigest, version, replace, outputIsThere }: AttachFacts): AttachDecision {
  switch (existing.kind) {
    case 'none':
      return { action: 'start', reason: 'a new run' };
    case 'ended':
      return { action: 'start', reason: `the last one was ${existing.how}; finished stages are reused` };
    case 'completed':
      if (existing.memo.runDigest !== runDigest)
        return { action: 'start', reason: 'the run file or its data changed; equal stages are reused' };
      if (!outputIsThere) return { action: 'start', reason: 'it was completed, but its output is gone; finished stages are reused' };
      return { action: 'print', runId: existing.runId, reason: 'this very run is completed' };
    case 'running':
      if (majorOf(existing.memo.rootstockVersion) !== majorOf(version)) {
        return {
          action: 'replace',
          runId: existing.runId,
          how: 'terminate',
          reason: `it was started by Rootstock ${existing.memo.rootstockVersion ?? '?'}; the store resumes it`,
        };
      }
      if (existing.memo.runDigest === runDigest) return { action: 'attach', runId: existing.runId, reason: 'it is running already' };
      if (replace) return { action: 'replace', runId: existing.runId, how: 'cancel', reason: 'replaced, as asked' };
      return { action: 'refuse', reason: 'a run of this name is in progress with another configuration or other data' };
  }
}

function majorOf(version: string | undefined): string {
  return version?.split('.')[0] ?? '';
}
