import { connect } from 'node:http2';

/** The service whose health counts, as Temporal's frontend registers it. */
const SERVICE = 'temporal.api.workflowservice.v1.WorkflowService';

/** gRPC over HTTP/2: one byte "not compressed", four bytes length, then HealthCheckRequest{service = 1} (grpc health.proto). */
const REQUEST = frame(Buffer.concat([Buffer.from([0x0a, SERVICE.length]), Buffer.from(SERVICE)]));

/** HealthCheckResponse{status = SERVING}. */
const SERVING = frame(Buffer.from([0x08, 0x01]));

/**
 * Asks a gRPC server whether it serves (grpc.health.v1.Health/Check). Written against node:http2 because the gRPC library costs the supervisor
 * 0.3 s and 60 MB. Never throws: a server that is not there does not serve.
 *
 * @param address `host:port`, without TLS
 */
export function isServing(address: string, timeoutMs = 1_000): Promise<boolean> {
  return new Promise((resolve) => {
    const session = connect(`http://${address}`);
    const finish = (serving: boolean): void => {
      clearTimeout(timer);
      session.destroy();
      resolve(serving);
    };
    const timer = setTimeout(() => finish(false), timeoutMs);
    session.on('error', () => finish(false));
    const headers = { ':method': 'POST', ':path': '/grpc.health.v1.Health/Check', 'content-type': 'application/grpc', te: 'trailers' };
    const stream = session.request(headers);
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('error', () => finish(false));
    stream.on('end', () => finish(Buffer.concat(chunks).equals(SERVING)));
    stream.end(REQUEST);
  });
}

function frame(message: Buffer): Buffer {
  const header = Buffer.alloc(5);
  header.writeUInt32BE(message.length, 1);
  return Buffer.concat([header, message]);
}
