import { listRunRecords } from '../artifacts/run-record.ts';
import type { RootstockClient } from '../client/connect.ts';
import { TRANSFER_LEARNING } from '../contracts/workflow.ts';

/** A run as `rootstock list` shows it; `started_at` is "-" where nothing says. */
export interface ListRow {
  readonly workflow_id: string;
  readonly run_id: string;
  readonly status: string;
  readonly started_at: string;
  readonly completed_at?: string;
}

/** Runs that Temporal knows, then completed ones that only the store remembers. */
export async function listRows({ client, store }: Pick<RootstockClient, 'client' | 'store'>): Promise<readonly ListRow[]> {
  const rows: ListRow[] = [];
  for await (const info of client.workflow.list({ query: `WorkflowType = '${TRANSFER_LEARNING}'` })) {
    const attention = info.status.name === 'RUNNING' && info.searchAttributes?.['RootstockNeedsHuman']?.[0] === true;
    rows.push({
      workflow_id: info.workflowId,
      run_id: info.runId,
      status: attention ? 'needs attention' : info.status.name.toLowerCase(),
      started_at: info.startTime.toISOString(),
    });
  }
  const known = new Set(rows.map(({ run_id }) => run_id));
  const records = (await listRunRecords(store)).filter(({ runId }) => !known.has(runId));
  return [
    ...rows,
    ...records.map((record) => ({
      workflow_id: record.workflowId,
      run_id: record.runId,
      status: 'completed',
      started_at: record.startedAt ?? '-',
      completed_at: record.completedAt,
    })),
  ];
}
