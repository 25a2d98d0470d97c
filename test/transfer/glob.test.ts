import assert from 'node:assert/strict';
import test from 'node:test';
import { globExpression, isGlob } from '../../src/transfer/glob.ts';

const matches = (glob: string, names: string[]): string[] => names.filter((name) => globExpression(glob).test(name));

void test('* stands for any characters within a segment', () => {
  assert.deepEqual(matches('layer*.norm', ['layer.norm', 'layer1.norm', 'layer.1.norm', 'xlayer.norm']), ['layer.norm', 'layer1.norm']);
});

void test('** crosses segments; in front and in between it also stands for none, at the end for at least one', () => {
  assert.deepEqual(matches('**.norm', ['norm', 'a.norm', 'a.b.norm', 'a.norm.b', 'abnorm']), ['norm', 'a.norm', 'a.b.norm']);
  assert.deepEqual(matches('a.**.b', ['a.b', 'a.x.b', 'a.x.y.b', 'ab', 'a.xb']), ['a.b', 'a.x.b', 'a.x.y.b']);
  assert.deepEqual(matches('egnn.**', ['egnn', 'egnn.0', 'egnn.0.mlp', 'egnn2.0']), ['egnn.0', 'egnn.0.mlp']);
});

void test('all other characters stand for themselves', () => {
  assert.deepEqual(matches('a+(b).*', ['a+(b).c', 'aab.c']), ['a+(b).c']);
  assert.ok(!isGlob('a.b'));
  assert.ok(isGlob('a.*'));
});
