import assert from 'node:assert/strict';
import test from 'node:test';
import { philoxBlock } from '../../src/random/philox.ts';

/** kat_vectors of Random123 1.14, lines "philox4x32 10": counter, key, result. */
const KNOWN_ANSWERS = [
  [
    [0, 0, 0, 0],
    [0, 0],
    [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
  ],
  [
    [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
    [0xffffffff, 0xffffffff],
    [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
  ],
  [
    [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
    [0xa4093822, 0x299f31d0],
    [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
  ],
] as const;

void test('Philox4x32-10 gives the known answers of Random123', () => {
  for (const [counter, key, expected] of KNOWN_ANSWERS) {
    const out = new Uint32Array(4);
    philoxBlock(Uint32Array.from(counter), Uint32Array.from(key), out);
    assert.deepEqual([...out], [...expected]);
  }
});
