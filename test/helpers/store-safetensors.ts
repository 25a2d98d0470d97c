import assert from 'node:assert/strict';
import { weightsToChunks } from '../../src/artifacts/safetensors/write.ts';
import type { BlobReader } from '../../src/artifacts/store.ts';
import type { TensorData, Weights } from '../../src/contracts/tensors.ts';

/** A reader of bytes in memory that fails the test when it is asked for others. */
export function memory(bytes: Uint8Array): BlobReader {
  return {
    byteLength: bytes.byteLength,
    read: async (offset, into) => {
      assert.ok(offset >= 0 && offset + into.byteLength <= bytes.byteLength, 'read outside of the file');
      into.set(bytes.subarray(offset, offset + into.byteLength));
    },
    close: async () => undefined,
  };
}

/** Builds a safetensors file around a header. */
export function file(header: string | object, data: Uint8Array | number = 0): Buffer {
  const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.byteLength));
  return Buffer.concat([length, json, typeof data === 'number' ? Buffer.alloc(data) : data]);
}

/** A float32 tensor. */
export const f32 = (shape: number[], values: number[]): TensorData => ({ shape, dtype: 'float32', data: Float32Array.from(values) });

/** An int64 tensor. */
export const i64 = (shape: number[], values: number[]): TensorData => ({ shape, dtype: 'int64', data: Int32Array.from(values) });

/** Weights in their canonical form. */
export const write = (weights: Weights) => Buffer.concat([...weightsToChunks(weights)]);

/** A header entry of float32 values between two offsets. */
export const entry = (begin: number, end: number, more: object = {}) => ({
  dtype: 'F32',
  shape: [(end - begin) / 4],
  data_offsets: [begin, end],
  ...more,
});
