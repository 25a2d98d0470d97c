import { PickleFault } from './pickle-fault.ts';

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
/** Longer integers than those of torch's random states are not read. */
const MAX_INTEGER_BYTES = 64;

/** Reads the arguments of opcodes out of a pickle, in order. Every method may throw a PickleFault. */
export interface PickleCursor {
  /** The next byte. */
  readonly position: () => number;
  readonly atEnd: () => boolean;
  readonly byte: () => number;
  readonly uint16: () => number;
  readonly int32: () => number;
  readonly uint32: () => number;
  readonly uint64: () => number;
  readonly float64: () => number;
  /** A two's complement integer of a number of bytes: a number where it is exact, otherwise a bigint. */
  readonly integer: (byteLength: number) => number | bigint;
  readonly text: (byteLength: number) => string;
  /** Up to the next line feed, which is skipped. */
  readonly line: () => string;
  readonly skip: (byteLength: number) => void;
}

/** Creates a cursor over a whole pickle. */
export function createCursor(bytes: Buffer): PickleCursor {
  let at = 0;
  const take = (byteLength: number): number => {
    if (byteLength > bytes.length - at) throw new PickleFault('invalid', at, `ends in the middle of a value of ${byteLength} bytes`);
    at += byteLength;
    return at - byteLength;
  };
  const text = (start: number, end: number): string => {
    try {
      return UTF8.decode(bytes.subarray(start, end));
    } catch {
      throw new PickleFault('invalid', start, 'holds a text that is not valid UTF-8');
    }
  };
  return {
    position: () => at,
    atEnd: () => at >= bytes.length,
    byte: () => bytes.readUInt8(take(1)),
    uint16: () => bytes.readUInt16LE(take(2)),
    int32: () => bytes.readInt32LE(take(4)),
    uint32: () => bytes.readUInt32LE(take(4)),
    uint64() {
      const value = bytes.readBigUInt64LE(take(8));
      if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new PickleFault('invalid', at - 8, `holds the length ${value}`);
      return Number(value);
    },
    float64: () => bytes.readDoubleBE(take(8)),
    integer(byteLength) {
      if (byteLength > MAX_INTEGER_BYTES) throw new PickleFault('unsupported', at, `holds an integer of ${byteLength} bytes`);
      const start = take(byteLength);
      let value = 0n;
      for (let i = byteLength - 1; i >= 0; i -= 1) value = (value << 8n) | BigInt(bytes.readUInt8(start + i));
      const signed = byteLength === 0 ? 0n : BigInt.asIntN(8 * byteLength, value);
      return signed >= BigInt(Number.MIN_SAFE_INTEGER) && signed <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(signed) : signed;
    },
    text(byteLength) {
      const start = take(byteLength);
      return text(start, start + byteLength);
    },
    line() {
      const end = bytes.indexOf(0x0a, at);
      if (end === -1) throw new PickleFault('invalid', at, 'ends in the middle of a line');
      const start = at;
      at = end + 1;
      return text(start, end);
    },
    skip: (byteLength) => void take(byteLength),
  };
}
