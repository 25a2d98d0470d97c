import { callGrpc } from './call-grpc.ts';

/** The service whose health counts, as Temporal's frontend registers it. */
const SERVICE = 'temporal.api.workflowservice.v1.WorkflowService';

/** HealthCheckRequest{service = 1} of grpc's health.proto. */
const REQUEST = Buffer.concat([Buffer.from([0x0a, SERVICE.length]), Buffer.from(SERVICE)]);

/** HealthCheckResponse{status = SERVING}. */
const SERVING = Buffer.from([0x08, 0x01]);

/**
 * Asks a gRPC server whether it serves (grpc.health.v1.Health/Check). Never throws: a server that is not there does not serve.
 *
 * @param address `host:port`, without TLS
 */
export async function isServing(address: string, timeoutMs = 1_000): Promise<boolean> {
  const answer = await callGrpc({ address, path: '/grpc.health.v1.Health/Check', message: REQUEST, timeoutMs });
  return 'message' in answer && answer.message.equals(SERVING);
}
