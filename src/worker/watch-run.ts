import { Client, Connection } from '@temporalio/client';
import type { RunStatus } from '../contracts/run-state.ts';
import { STATUS_QUERY } from '../contracts/workflow.ts';
import { resolveServer } from '../server/resolve-server.ts';

/** Asks whether a run has ended or waits for a person; used by a background worker that goes on until then. */
export interface RunWatch {
  isOver(): Promise<boolean>;
  close(): Promise<void>;
}

/** Connects once; asks as often as wanted. */
export async function watchRun(stateDir: string, workflowId: string): Promise<RunWatch> {
  const server = await resolveServer({ stateDir, env: process.env });
  const connection = await Connection.connect(server.connectionOptions).catch(async (error: unknown) => {
    await server.close();
    throw error;
  });
  const client = new Client({ connection, namespace: server.namespace });
  const handle = client.workflow.getHandle(workflowId);
  return {
    async isOver() {
      const { status } = await handle.describe();
      if (status.name !== 'RUNNING') return status.name !== 'CONTINUED_AS_NEW';
      const answer = await handle.query<RunStatus>(STATUS_QUERY);
      return answer.parked !== null;
    },
    async close() {
      await connection.close();
      await server.close();
    },
  };
}
