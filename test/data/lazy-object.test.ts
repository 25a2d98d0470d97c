import assert from 'node:assert/strict';
import test from 'node:test';
import { lazyObject } from '../../src/data/lazy-object.ts';

interface Sums {
  readonly count: number;
  readonly sum: number;
  readonly mean: number;
}

function counting() {
  const calls: string[] = [];
  const called = <V>(name: string, value: V): V => {
    calls.push(name);
    return value;
  };
  const sums = lazyObject<readonly number[], Sums>({
    count: (numbers) => called('count', numbers.length),
    sum: (numbers) =>
      called(
        'sum',
        numbers.reduce((total, value) => total + value, 0),
      ),
    mean: (_, { sum, count }) => called('mean', sum / count),
  });
  return { calls, sums };
}

test('a property is computed when it is first read, once, from what the object was made of and from its other properties', () => {
  const { calls, sums } = counting();
  const [first, second] = [sums([1, 2, 3]), sums([10])];
  assert.deepEqual(calls, []);
  for (let time = 0; time < 2; time += 1) assert.equal(first.mean, 2);
  assert.deepEqual(calls, ['sum', 'count', 'mean']);
  assert.equal(second.mean, 10);
});

test('a copy has every property and nothing else', () => {
  const { sums } = counting();
  assert.deepEqual({ ...sums([4, 6]) }, { count: 2, sum: 10, mean: 5 });
  assert.deepEqual(Object.keys(sums([4, 6])), ['count', 'sum', 'mean']);
});

test('a property that is nothing is kept, and one that throws is tried again', () => {
  let calls = 0;
  const make = lazyObject<object, { readonly nothing: undefined; readonly second: number }>({
    nothing: () => {
      calls += 1;
      return undefined;
    },
    second: () => {
      calls += 1;
      if (calls === 2) throw new Error('not yet');
      return calls;
    },
  });
  const object = make({});
  for (let time = 0; time < 3; time += 1) assert.equal(object.nothing, undefined);
  assert.equal(calls, 1);
  assert.throws(() => object.second, /not yet/);
  assert.deepEqual([object.second, object.second], [3, 3]);
});
