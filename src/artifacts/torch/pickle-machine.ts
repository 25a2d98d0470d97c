import { PickleFault } from './pickle-fault.ts';
import type { PickleDict, PickleValue } from './pickle-values.ts';
import { callGlobal, isAllowed, isKind, runsCode, toStorage } from './torch-globals.ts';

/** Limits: what torch writes for 100,000 tensors is well below all of them. */
const MAX_VALUES = 4_000_000;
const MAX_CONTAINERS = 1_000_000;
const MAX_MARKS = 1_000;
const MAX_GLOBAL_CHARACTERS = 512;

/** The stack, the marks and the memo of a pickle, with the few things that its opcodes do to them. Values are inert data. */
export interface PickleMachine {
  readonly push: (value: PickleValue) => void;
  /** Pushes a container that was just made; there are fewer of them than of other values. */
  readonly pushNew: (value: PickleValue) => void;
  readonly pop: () => PickleValue;
  readonly top: () => PickleValue;
  readonly mark: () => void;
  readonly popMark: () => PickleValue[];
  /** POP takes a mark when that is on top. */
  readonly discard: () => void;
  readonly remember: (index?: number) => void;
  readonly recall: (index: number) => void;
  readonly pushGlobal: (name: string) => void;
  readonly call: () => void;
  readonly build: () => void;
  readonly persistent: () => void;
  readonly setItems: (flat: readonly PickleValue[]) => void;
  readonly append: (items: readonly PickleValue[], kind: 'list' | 'set') => void;
  /** The only value that is left. */
  readonly result: () => PickleValue;
}

/** Creates an empty machine; `at` gives the byte of the opcode that runs. */
export function createMachine(at: () => number): PickleMachine {
  const stack: PickleValue[] = [];
  const marks: number[] = [];
  const memo = new Map<number, PickleValue>();
  let values = 0;
  let containers = 0;
  const fail = (text: string): PickleFault => new PickleFault('invalid', at(), text);
  const push = (value: PickleValue): void => {
    values += 1;
    if (values > MAX_VALUES) throw new PickleFault('unsupported', at(), `holds more than ${MAX_VALUES} values`);
    stack.push(value);
  };
  const pushNew = (value: PickleValue): void => {
    containers += 1;
    if (containers > MAX_CONTAINERS)
      throw new PickleFault('unsupported', at(), `holds more than ${MAX_CONTAINERS} lists, tuples and dicts`);
    push(value);
  };
  const floor = (): number => marks.at(-1) ?? 0;
  const pop = (): PickleValue => {
    if (stack.length <= floor()) throw fail('takes a value from an empty stack');
    return stack.pop() as PickleValue;
  };
  const top = (): PickleValue => {
    if (stack.length <= floor()) throw fail('needs a value, but the stack is empty');
    return stack.at(-1) as PickleValue;
  };
  const popMark = (): PickleValue[] => {
    const start = marks.pop();
    if (start === undefined) throw fail('goes back to a mark that is not there');
    return stack.splice(start);
  };
  return {
    push,
    pushNew,
    pop,
    top,
    popMark,
    mark() {
      if (marks.length >= MAX_MARKS) throw new PickleFault('unsupported', at(), `nests deeper than ${MAX_MARKS}`);
      marks.push(stack.length);
    },
    discard() {
      if (stack.length > floor()) stack.pop();
      else popMark();
    },
    remember(index) {
      if (memo.size >= MAX_VALUES) throw new PickleFault('unsupported', at(), `remembers more than ${MAX_VALUES} values`);
      memo.set(index ?? memo.size, top());
    },
    recall(index) {
      const value = memo.get(index);
      if (value === undefined) throw fail(`recalls value ${index}, which was never remembered`);
      push(value);
    },
    pushGlobal(name) {
      if (name.length > MAX_GLOBAL_CHARACTERS) throw fail('holds the name of a class that is too long');
      if (runsCode(name)) throw new PickleFault('unsupported', at(), `asks for ${JSON.stringify(name)}, which only runs code`);
      pushNew(isAllowed(name) ? { kind: 'global', name } : { kind: 'foreign', name, at: at() });
    },
    call() {
      const args = pop();
      const callee = pop();
      if (isKind(callee, 'foreign')) push(callee);
      else if (isKind(callee, 'global')) pushNew(callAllowed(callee.name, args));
      else throw fail('calls something that is not a class or function');
    },
    build() {
      pop(); // The state of an OrderedDict is torch's _metadata: versions of modules, which no tensor depends on.
      if (!isKind(top(), 'dict') && !isKind(top(), 'foreign')) throw fail('gives a state to something that has none');
    },
    persistent() {
      const id = pop();
      const storage = toStorage(id);
      if (storage === undefined) throw new PickleFault('unsupported', at(), `refers to ${storageClass(id)}, which is not read`);
      pushNew(storage);
    },
    setItems(flat) {
      if (flat.length % 2 !== 0) throw fail('sets a key without a value');
      const target = top();
      if (isKind(target, 'foreign')) return;
      if (!isKind(target, 'dict')) throw fail('sets items of something that is not a dict');
      addPairs(target, flat);
    },
    append(items, kind) {
      const target = top();
      if (isKind(target, 'foreign')) return;
      if (!isKind(target, kind)) throw fail(`adds items to something that is not a ${kind}`);
      for (const item of items) target.items.push(item);
    },
    result() {
      if (stack.length !== 1 || marks.length > 0) throw fail(`ends with ${stack.length} values on its stack, expected 1`);
      return stack[0] as PickleValue;
    },
  };

  function callAllowed(name: string, args: PickleValue): PickleValue {
    const result = isKind(args, 'tuple') ? callGlobal(name, args.items) : undefined;
    if (result === undefined) throw new PickleFault('unsupported', at(), `calls ${name} with arguments that torch.save does not write`);
    return result;
  }
}

function addPairs(target: PickleDict, flat: readonly PickleValue[]): void {
  for (let i = 0; i + 1 < flat.length; i += 2) {
    target.keys.push(flat[i] as PickleValue);
    target.values.push(flat[i + 1] as PickleValue);
  }
}

/** The class that a persistent id names, for messages. */
function storageClass(id: PickleValue): string {
  const type = isKind(id, 'tuple') ? id.items[1] : undefined;
  return isKind(type, 'foreign') || isKind(type, 'global') ? JSON.stringify(type.name) : 'a storage of an unknown kind';
}
