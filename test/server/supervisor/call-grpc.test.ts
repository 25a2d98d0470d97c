import assert from 'node:assert/strict';
import { createServer, type Http2Server, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import test, { type TestContext } from 'node:test';
import { callGrpc } from '../../../src/server/supervisor/call-grpc.ts';
import { setRetention } from '../../../src/server/supervisor/set-retention.ts';

/** A server that answers every call alike; returns its address and what it was sent. */
async function serve(t: TestContext, answer: (stream: ServerHttp2Stream) => void) {
  const server: Http2Server = createServer();
  const calls: { readonly path: string; readonly body: string }[] = [];
  server.on('stream', (stream, headers) => {
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('end', () => {
      calls.push({ path: String(headers[':path']), body: Buffer.concat(chunks).toString('hex') });
      answer(stream);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, calls };
}

function withTrailers(stream: ServerHttp2Stream, trailers: Readonly<Record<string, string>>): void {
  stream.on('wantTrailers', () => stream.sendTrailers(trailers));
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
}

const CALL = { path: '/a.Service/Method', message: Buffer.from([1, 2]), timeoutMs: 5_000 } as const;

test('a message goes out in a frame and the answer comes back without one', async (t) => {
  const { address, calls } = await serve(t, (stream) => {
    withTrailers(stream, { 'grpc-status': '0' });
    stream.end(Buffer.from([0, 0, 0, 0, 1, 42]));
  });
  assert.deepEqual(await callGrpc({ ...CALL, address }), { message: Buffer.from([42]) });
  assert.deepEqual(calls, [{ path: '/a.Service/Method', body: '00000000020102' }]);
});

test('a status other than 0 is the problem, in the headers of an answer without a message too', async (t) => {
  const { address } = await serve(t, (stream) =>
    stream.respond({ ':status': 200, 'grpc-status': '5', 'grpc-message': 'no%20such thing' }, { endStream: true }),
  );
  assert.deepEqual(await callGrpc({ ...CALL, address }), { problem: 'status 5 no such thing' });
});

test('a status whose message is not percent-encoded comes as it is', async (t) => {
  const { address } = await serve(t, (stream) =>
    stream.respond({ ':status': 200, 'grpc-status': '8', 'grpc-message': 'disk 100% full' }, { endStream: true }),
  );
  assert.deepEqual(await callGrpc({ ...CALL, address }), { problem: 'status 8 disk 100% full' });
});

test('a server that says nothing, or is not there, is a problem and not an exception', async (t) => {
  const { address } = await serve(t, () => undefined);
  assert.deepEqual(await callGrpc({ ...CALL, address, timeoutMs: 20 }), { problem: 'no answer within 0.02 s' });
  assert.match(JSON.stringify(await callGrpc({ ...CALL, address: '127.0.0.1:1' })), /ECONNREFUSED/u);
});

test('the retention goes out as the request that the protobuf library makes of it', async (t) => {
  const { address, calls } = await serve(t, (stream) => {
    withTrailers(stream, { 'grpc-status': '0' });
    stream.end(Buffer.alloc(5));
  });
  assert.equal(await setRetention(address, 90), null);
  // @temporalio/proto 1.24.0: UpdateNamespaceRequest.encode({ namespace: 'default', config: { workflowExecutionRetentionTtl: { seconds: 7776000 } } }).
  const encoded = '0a0764656661756c741a070a050880ceda03';
  assert.deepEqual(calls, [
    {
      path: '/temporal.api.workflowservice.v1.WorkflowService/UpdateNamespace',
      body: `00000000${(encoded.length / 2).toString(16)}${encoded}`,
    },
  ]);
});
