import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';
import { takeOutput } from '../../src/planner/output-place.ts';
import { temporaryDirectory } from '../helpers/store-faults.ts';
import { writeModel } from './support.ts';

test('what a run has published may be where nothing can be written by now, unless it is to be replaced', async (t) => {
  const directory = await temporaryDirectory(t);
  // A name that leaves no room for the one it is written under first stands for such a disk: root may write everywhere.
  const name = 'm'.repeat(240);
  await writeModel(directory, name, { name: 'small', run_digest: 'this', files: {} });
  const place = await takeOutput(join(directory, name), 'small');
  await place.confirm('this');
  await assert.rejects(place.confirm('another'), { code: 'OUTPUT_UNWRITABLE', message: /a name is too long/u });
});
