import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import test from 'node:test';
import { exitCodeOf } from '../../src/cli/exit-codes.ts';
import { ERROR_CODES, isRetryable } from '../../src/errors.ts';

const page = await readFile(new URL('../../docs/errors.md', import.meta.url), 'utf8');

/** Code -> text of its section. */
const sections = new Map(
  page
    .split(/^#{2,3} /mu)
    .map((text): [string, string] => [text.split('\n')[0] ?? '', text])
    .filter(([heading]) => /^[A-Z_]+$/u.test(heading)),
);

test('every error code has a section in docs/errors.md, in the order of the code, and no other code has one', () => {
  assert.deepEqual([...sections.keys()], [...ERROR_CODES]);
});

for (const code of ERROR_CODES) {
  test(`docs/errors.md says of ${code} what to do, whether a retry helps, and the exit code`, () => {
    const section = sections.get(code) ?? '';
    assert.match(section, /^\*\*What to do:\*\* \S/mu);
    assert.match(section, new RegExp(`^Retry: ${isRetryable(code) ? 'yes' : 'no'}\\. Exit code: ${exitCodeOf(code)}\\.$`, 'mu'));
  });
}

test('an example message in docs/errors.md begins with the code of its section', () => {
  for (const [code, section] of sections) {
    const example = /```text\n(?<first>\w+): /u.exec(section)?.groups?.['first'];
    assert.equal(example ?? code, code);
  }
});
