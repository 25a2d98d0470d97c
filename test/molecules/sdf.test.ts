import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseSdf } from '../../src/molecules/sdf.ts';

const block = (name: string) => `${name}\n  rootstock 3D\n\n  0  0  0  0  0  0  0  0  0  0999 V2000\nM  END\n`;

void test('an SD file is its records: mol blocks, titles and data items', () => {
  const text = `${block('water')}>  <u0>  (1)\n-76.4\n\n> <note>\ntwo\nlines\n\n$$$$\n${block('methane')}$$$$\n\n`;
  assert.deepEqual(parseSdf(text, 'a.sdf'), [
    { molBlock: block('water'), title: 'water', tags: { u0: '-76.4', note: 'two\nlines' } },
    { molBlock: block('methane'), title: 'methane', tags: {} },
  ]);
  assert.deepEqual(parseSdf(text.replaceAll('\n', '\r\n'), 'a.sdf'), parseSdf(text, 'a.sdf'));
});

void test('a file without $$$$ is one record, an empty one none', () => {
  assert.equal(parseSdf(block('only'), 'a.mol').length, 1);
  assert.deepEqual(parseSdf('\n', 'a.sdf'), []);
});

void test('a file that was cut off in a data item is refused, one without the last $$$$ is not', () => {
  const whole = `${block('a')}> <x>\n-271.5\n\n`;
  assert.deepEqual(parseSdf(whole, 'a.sdf')[0]?.tags, { x: '-271.5' });
  for (const cut of [whole.slice(0, -1), whole.slice(0, -2), whole.slice(0, -4), `${block('a')}> <x>\n`]) {
    assert.throws(() => parseSdf(cut, 'a.sdf'), { code: 'DATA_UNREADABLE', message: /ends in the data item <x>: the file was cut off/u });
  }
});

void test('what is wrong is named with its row and line', () => {
  const fails = (text: string, message: RegExp) =>
    assert.throws(() => parseSdf(text, 'data.train (a.sdf)'), { code: 'DATA_UNREADABLE', message });
  fails(`${block('a')}$$$$\nno block\n$$$$\n`, /^data.train \(a.sdf\): row 1 \(counting from 0, line 7\) has no "M {2}END"/u);
  fails(`${block('a')}stray\n$$$$\n`, /row 0 \(counting from 0, line 6\) expected a data item "> <name>", received "stray"/u);
  fails(`${block('a')}> <x>\n1\n\n> <x>\n2\n\n$$$$\n`, /line 9\) has the data item <x> twice/u);
});
