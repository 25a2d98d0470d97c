import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { publishedRunDigest } from '../../src/planner/published-output.ts';
import { temporaryDirectory } from '../helpers/store-faults.ts';
import { writeModel } from './support.ts';

test('a run that published says its digest; nothing, another run’s output and foreign files have none', async (t) => {
  const directory = await temporaryDirectory(t);
  const output = await writeModel(directory, 'ours', { name: 'run', run_digest: 'abc', files: {} });
  assert.equal(await publishedRunDigest(output, 'run'), 'abc');
  assert.equal(await publishedRunDigest(output, 'other'), undefined);
  assert.equal(await publishedRunDigest(join(directory, 'nothing'), 'run'), undefined);
  await mkdir(join(directory, 'foreign'));
  await writeFile(join(directory, 'foreign', 'thesis.txt'), 'x');
  assert.equal(await publishedRunDigest(join(directory, 'foreign'), 'run'), undefined);
});
