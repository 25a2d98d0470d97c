import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import test from 'node:test';
import { describeKeys } from '../../src/config/describe-keys.ts';
import { replaceKeyTables } from '../../src/config/key-tables.ts';
import { parseRun } from '../../src/config/parse-run.ts';
import { builtinModels } from '../../src/models/registry.ts';

const page = await readFile(new URL('../../docs/run-file.md', import.meta.url), 'utf8');

void test('docs/run-file.md is up to date (node --import tsx ops/run-file-doc.ts writes it)', () => {
  assert.equal(page, replaceKeyTables(page, describeKeys(builtinModels)));
});

void test('the complete example of docs/run-file.md is a valid run file', () => {
  const example = /```yaml\n([\s\S]*?)```/u.exec(page)?.[1] ?? '';
  const run = parseRun(example, { source: 'docs/run-file.md', models: builtinModels });
  assert.deepEqual(
    run.transferLearning?.stages.map(({ name }) => name),
    ['head', 'everything'],
  );
});

void test('a page without markers is refused', () => {
  assert.throws(() => replaceKeyTables('# nothing', []), /has no/u);
});
