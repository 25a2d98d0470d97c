import { createCursor, type PickleCursor } from './pickle-cursor.ts';
import { PickleFault } from './pickle-fault.ts';
import { createMachine, type PickleMachine } from './pickle-machine.ts';
import type { PickleDict, PickleValue } from './pickle-values.ts';
import { invalidTorch, unsupportedTorch } from './problems.ts';

type Step = (machine: PickleMachine, cursor: PickleCursor) => void;

/** Opcodes by their byte: those that Python writes for protocols 2 to 5. All others are refused by name. */
const STEPS: ReadonlyMap<number, Step> = new Map<number, Step>([
  [0x95, (_, cursor) => cursor.skip(8)], // FRAME: a hint for buffering
  [0x28, (machine) => machine.mark()], // MARK
  [0x30, (machine) => machine.discard()], // POP
  [0x31, (machine) => void machine.popMark()], // POP_MARK
  [0x32, (machine) => machine.push(machine.top())], // DUP
  [0x4e, (machine) => machine.push(null)], // NONE
  [0x88, (machine) => machine.push(true)], // NEWTRUE
  [0x89, (machine) => machine.push(false)], // NEWFALSE
  [0x4a, (machine, cursor) => machine.push(cursor.int32())], // BININT
  [0x4b, (machine, cursor) => machine.push(cursor.byte())], // BININT1
  [0x4d, (machine, cursor) => machine.push(cursor.uint16())], // BININT2
  [0x8a, (machine, cursor) => machine.push(cursor.integer(cursor.byte()))], // LONG1
  [0x8b, (machine, cursor) => machine.push(cursor.integer(cursor.uint32()))], // LONG4
  [0x47, (machine, cursor) => machine.push(cursor.float64())], // BINFLOAT
  [0x8c, (machine, cursor) => machine.push(cursor.text(cursor.byte()))], // SHORT_BINUNICODE
  [0x58, (machine, cursor) => machine.push(cursor.text(cursor.uint32()))], // BINUNICODE
  [0x8d, (machine, cursor) => machine.push(cursor.text(cursor.uint64()))], // BINUNICODE8
  [0x43, (machine, cursor) => pushBytes(machine, cursor, cursor.byte())], // SHORT_BINBYTES
  [0x42, (machine, cursor) => pushBytes(machine, cursor, cursor.uint32())], // BINBYTES
  [0x8e, (machine, cursor) => pushBytes(machine, cursor, cursor.uint64())], // BINBYTES8
  [0x96, (machine, cursor) => pushBytes(machine, cursor, cursor.uint64())], // BYTEARRAY8
  [0x5d, (machine) => machine.pushNew({ kind: 'list', items: [] })], // EMPTY_LIST
  [0x61, (machine) => machine.append([machine.pop()], 'list')], // APPEND
  [0x65, (machine) => machine.append(machine.popMark(), 'list')], // APPENDS
  [0x6c, (machine) => machine.pushNew({ kind: 'list', items: machine.popMark() })], // LIST
  [0x29, (machine) => machine.pushNew({ kind: 'tuple', items: [] })], // EMPTY_TUPLE
  [0x74, (machine) => machine.pushNew({ kind: 'tuple', items: machine.popMark() })], // TUPLE
  [0x85, (machine) => pushTuple(machine, 1)], // TUPLE1
  [0x86, (machine) => pushTuple(machine, 2)], // TUPLE2
  [0x87, (machine) => pushTuple(machine, 3)], // TUPLE3
  [0x7d, (machine) => machine.pushNew(emptyDict())], // EMPTY_DICT
  [0x64, (machine) => pushDict(machine)], // DICT
  [0x73, (machine) => setItem(machine)], // SETITEM
  [0x75, (machine) => machine.setItems(machine.popMark())], // SETITEMS
  [0x8f, (machine) => machine.pushNew({ kind: 'set', items: [] })], // EMPTY_SET
  [0x90, (machine) => machine.append(machine.popMark(), 'set')], // ADDITEMS
  [0x91, (machine) => machine.pushNew({ kind: 'set', items: machine.popMark() })], // FROZENSET
  [0x63, (machine, cursor) => machine.pushGlobal(`${cursor.line()}.${cursor.line()}`)], // GLOBAL
  [0x93, (machine) => stackGlobal(machine)], // STACK_GLOBAL
  [0x52, (machine) => machine.call()], // REDUCE
  [0x81, (machine) => machine.call()], // NEWOBJ
  [0x62, (machine) => machine.build()], // BUILD
  [0x51, (machine) => machine.persistent()], // BINPERSID
  [0x68, (machine, cursor) => machine.recall(cursor.byte())], // BINGET
  [0x6a, (machine, cursor) => machine.recall(cursor.uint32())], // LONG_BINGET
  [0x71, (machine, cursor) => machine.remember(cursor.byte())], // BINPUT
  [0x72, (machine, cursor) => machine.remember(cursor.uint32())], // LONG_BINPUT
  [0x94, (machine) => machine.remember()], // MEMOIZE
]);

const PROTO = 0x80;
const STOP = 0x2e;

/** Names of the opcodes that are refused, as Python's pickletools has them. */
const REFUSED: Readonly<Record<number, string>> = {
  70: 'FLOAT',
  73: 'INT',
  76: 'LONG',
  80: 'PERSID',
  83: 'STRING',
  84: 'BINSTRING',
  85: 'SHORT_BINSTRING',
  86: 'UNICODE',
  103: 'GET',
  105: 'INST',
  111: 'OBJ',
  112: 'PUT',
  130: 'EXT1',
  131: 'EXT2',
  132: 'EXT4',
  146: 'NEWOBJ_EX',
  151: 'NEXT_BUFFER',
  152: 'READONLY_BUFFER',
};

/**
 * Reads a pickle of torch.save as inert data: the format of Python's pickletools, protocols 2 to 5, without any way to call, import or
 * build what is not on the allow-list of `torch-globals.ts`. Other classes become markers without content. Work and memory are linear in
 * the bytes of the pickle.
 *
 * Errors: CHECKPOINT_INVALID; CHECKPOINT_UNSUPPORTED names the opcode or global and the byte.
 */
export function unpickle(bytes: Buffer, where: string): PickleValue {
  const cursor = createCursor(bytes);
  let at = 0;
  const machine = createMachine(() => at);
  try {
    if (cursor.byte() !== PROTO) throw new PickleFault('invalid', 0, 'does not begin with a protocol number');
    const protocol = cursor.byte();
    if (protocol < 2 || protocol > 5) throw new PickleFault('unsupported', 1, `has the protocol ${protocol}; 2 to 5 are read`);
    for (;;) {
      at = cursor.position();
      const opcode = cursor.byte();
      if (opcode === STOP) break;
      const step = STEPS.get(opcode);
      if (step === undefined) throw refused(opcode, at);
      step(machine, cursor);
    }
    if (!cursor.atEnd()) throw new PickleFault('invalid', cursor.position(), 'goes on after its end');
    return machine.result();
  } catch (error) {
    if (!(error instanceof PickleFault)) throw error;
    const problem = { where: `data.pkl, byte ${error.at}`, text: error.message };
    throw error.kind === 'invalid' ? invalidTorch(where, [problem]) : unsupportedTorch(where, [problem]);
  }
}

function refused(opcode: number, at: number): PickleFault {
  const name = REFUSED[opcode];
  if (name !== undefined) return new PickleFault('unsupported', at, `has the opcode ${name}, which torch.save does not write`);
  return new PickleFault('invalid', at, `has the unknown opcode 0x${opcode.toString(16).padStart(2, '0')}`);
}

function pushBytes(machine: PickleMachine, cursor: PickleCursor, byteLength: number): void {
  cursor.skip(byteLength);
  machine.pushNew({ kind: 'bytes', byteLength });
}

function pushTuple(machine: PickleMachine, count: 1 | 2 | 3): void {
  const items = Array.from({ length: count }, () => machine.pop()).reverse();
  machine.pushNew({ kind: 'tuple', items });
}

function emptyDict(): PickleDict {
  return { kind: 'dict', keys: [], values: [] };
}

function pushDict(machine: PickleMachine): void {
  const flat = machine.popMark();
  machine.pushNew(emptyDict());
  machine.setItems(flat);
}

function setItem(machine: PickleMachine): void {
  const value = machine.pop();
  const key = machine.pop();
  machine.setItems([key, value]);
}

function stackGlobal(machine: PickleMachine): void {
  const name = machine.pop();
  const module = machine.pop();
  machine.pushGlobal(typeof name === 'string' && typeof module === 'string' ? `${module}.${name}` : '?');
}
