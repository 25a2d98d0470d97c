import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import test from 'node:test';
import { shellWords } from '../../src/contracts/shell-words.ts';

test('a shell reads the words back as they were, whatever signs they have', () => {
  const words = ['plain', 'a b', "it's", '$HOME', '`id`', '"x"', '', '*', 'a\nb', '~', 'k=[1, 2]', 'a;b', 'a\\b', '{a,b}', '#x', '!x'];
  const read = execFileSync('sh', ['-c', `printf '%s\\0' ${shellWords(words)}`], { encoding: 'utf8' });
  assert.deepEqual(read.split('\0').slice(0, -1), words);
});

test('harmless words stay bare, so that a command reads as one would type it', () => {
  assert.equal(shellWords(['rootstock', 'run', './my-run.yaml', '--set', 'a.b=1e-3']), 'rootstock run ./my-run.yaml --set a.b=1e-3');
});
