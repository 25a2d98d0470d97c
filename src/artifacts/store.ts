import type { Ref } from '../contracts/refs.ts';

/**
 * Content-addressed bytes plus small named documents. One contract suite runs against every implementation.
 * Every method may fail with STORE_IO (a retry may help); reads may fail with ARTIFACT_NOT_FOUND or ARTIFACT_CORRUPT
 * (the file has been quarantined).
 */
export interface ArtifactStore {
  /** UUID made once when the store is created; task queues carry it. */
  readonly id: string;
  /** Directory or URL, for messages and for the trainer process. */
  readonly location: string;
  /** Writes bytes and returns their reference once they are durable. Writing the same bytes again is a no-op. */
  put(chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<Ref>;
  /** Opens a blob for ranged reading; its whole digest is verified before the first byte is given out (once per process and blob). */
  open(ref: Ref): Promise<BlobReader>;
  /** Whether the blob exists with that length (no digest check). */
  has(ref: Ref): Promise<boolean>;
  /** Creates a named document if no document has that name. `created: false` returns what is there. Names: `[a-z0-9._-]+` segments joined by `/`. */
  createIfAbsent(name: string, body: Uint8Array): Promise<{ readonly created: boolean; readonly body: Uint8Array }>;
  /** Reads a named document; undefined when there is none. */
  read(name: string): Promise<Uint8Array | undefined>;
  /** Replaces a mutable pointer if it still holds `expected` (null: must not exist). Returns whether it did. */
  compareAndSet(name: string, expected: Uint8Array | null, body: Uint8Array): Promise<boolean>;
  /** Deletes a blob; nothing happens when it is not there. Only for bytes that nothing else can refer to, such as an old snapshot's state. */
  deleteBlob(ref: Ref): Promise<void>;
  /** Moves a named document out of the way (to the quarantine), so that its name is free again. */
  setAside(name: string): Promise<void>;
  /** Names below a prefix. Never used for correctness. */
  list(prefix: string): Promise<readonly string[]>;
}

/** A verified blob, open for ranged reads. Close it. */
export interface BlobReader {
  readonly byteLength: number;
  /** Fills `into` from `offset`; throws ARTIFACT_CORRUPT when the bytes are not there. */
  read(offset: number, into: Uint8Array): Promise<void>;
  close(): Promise<void>;
}
