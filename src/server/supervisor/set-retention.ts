import { callGrpc } from './call-grpc.ts';

const NAMESPACE = 'default';
const SECONDS_PER_DAY = 86_400;
const TIMEOUT_MS = 20_000;

/** Sets how long finished workflows of the default namespace stay visible. Null, or why the server refused. */
export async function setRetention(address: string, days: number): Promise<string | null> {
  const path = '/temporal.api.workflowservice.v1.WorkflowService/UpdateNamespace';
  const answer = await callGrpc({ address, path, message: updateNamespace(days * SECONDS_PER_DAY), timeoutMs: TIMEOUT_MS });
  return 'message' in answer ? null : `refused a retention of ${days} days: ${answer.problem}`;
}

/**
 * UpdateNamespaceRequest{namespace = 1, config = 3} with NamespaceConfig{workflow_execution_retention_ttl = 1}, a Duration{seconds = 1}
 * (temporal/api, workflowservice and namespace v1). What it leaves out stays as it is.
 */
function updateNamespace(seconds: number): Buffer {
  const duration = Buffer.from([0x08, ...varint(seconds)]);
  return Buffer.concat([field(0x0a, Buffer.from(NAMESPACE)), field(0x1a, field(0x0a, duration))]);
}

/** A field that holds bytes or a message: its tag, its length, itself. */
function field(tag: number, content: Buffer): Buffer {
  return Buffer.concat([Buffer.from([tag, ...varint(content.length)]), content]);
}

/** Seven bits a byte, the lowest first, the highest bit of a byte saying that more follow. */
function varint(value: number): readonly number[] {
  return value < 0x80 ? [value] : [(value % 0x80) + 0x80, ...varint(Math.floor(value / 0x80))];
}
