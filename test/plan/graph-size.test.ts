import assert from 'node:assert/strict';
import test from 'node:test';
import type { DataModulePlan, DataPlan } from '../../src/contracts/plan.ts';
import { checkGraphSize } from '../../src/plan/graph-size.ts';

const counted = { cutOff: 5, selfInteraction: false, cell: null } as const;

/** 100 molecules of 1,000 atoms, each with 20,000 edges within 5 Angstrom. */
const DATA = {
  request: { neighbours: counted },
  facts: {
    splits: { train: { rows: 100 }, validation: { rows: 100 } },
    graph: { edges: { train: 2_000_000, validation: 2_000_000 }, largestMolecule: 1000, mostEdges: 20_000 },
  },
} as unknown as DataPlan;

function problems(neighbours: DataModulePlan['neighbours'], batchSize: number, bytesPerEdge = 0): readonly string[] {
  const batch = { batchSize, dropLast: false };
  const datamodule = { neighbours, train: batch, validation: batch, test: batch } as unknown as DataModulePlan;
  return checkGraphSize(DATA, { datamodule, bytesPerEdge }, 'stages.1').map(({ code, where, text }) => `${code} ${where} ${text}`);
}

test('what was counted is what is checked: 100 molecules have 2 million edges, fewer than a batch may', () => {
  assert.deepEqual(problems(counted, 100), []);
});

test('a stage with a larger cut_off is estimated by volume, without counting again, and no molecule has more than its pairs', () => {
  const [train, validation] = problems({ ...counted, cutOff: 10 }, 100);
  assert.match(
    train ?? '',
    /^GRAPH_TOO_LARGE stages\.1\.datamodule\.train\.batch_size 100 molecules of up to 1000 atoms may make 16000000 edges/u,
  );
  assert.match(validation ?? '', /datamodule\.validation\.batch_size/u);
  assert.match(problems({ ...counted, cutOff: 1000 }, 100)[0] ?? '', /may make 100000000 edges/u);
  assert.deepEqual(problems({ ...counted, cutOff: 10 }, 20), []);
});

test('in a periodic cell pairs are no bound, because an atom has neighbours in many images', () => {
  const cell = [
    [9, 0, 0],
    [0, 9, 0],
    [0, 0, 9],
  ];
  assert.match(problems({ ...counted, cutOff: 50, cell }, 1)[0] ?? '', /may make 20000000 edges/u);
});

test('a model that takes more for an edge may have fewer, and twice as many where nothing is trained', () => {
  assert.deepEqual(
    problems(counted, 100, 2048).map((text) => /datamodule\.(\w+)\..*expected at most (\d+)/u.exec(text)?.slice(1, 3)),
    [['train', '1048576']],
  );
});
