import type { ByteSink } from './hashed-output.ts';

/** Bytes pushed at one end and pulled at the other, with back-pressure: at most four chunks wait. */
export interface BytePipe extends ByteSink {
  readonly chunks: AsyncIterable<Uint8Array>;
  end(): Promise<void>;
  /** Makes both ends fail. */
  fail(error: unknown): Promise<void>;
}

/** Creates a pipe. When the reader stops early, writing fails. */
export function createBytePipe(): BytePipe {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>(undefined, { highWaterMark: 4 });
  const writer = writable.getWriter();
  // The failure is reported by write and end; this promise is the same news once more.
  writer.closed.catch(() => undefined);
  return {
    chunks: readable,
    write: (chunk) => writer.write(chunk),
    end: () => writer.close(),
    fail: (error) => writer.abort(error),
  };
}
