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

test('in a periodic cell pairs are no bound: an atom has neighbours in as many cells as fit into a ball of cut_off', () => {
  const cell = [
    [9, 0, 0],
    [0, 9, 0],
    [0, 0, 9],
  ];
  // 1000^2 pairs x 4/3 pi 50^3 / 9^3 cells
  assert.match(problems({ ...counted, cutOff: 50, cell }, 1)[0] ?? '', /may make 718242491 edges/u);
});

test('a stage with a cut_off beyond the cell is estimated where the base has no edge at all', () => {
  const cell = [
    [1, 0, 0],
    [0.5, 0.8, 0],
    [0, 0.1, 1],
  ];
  const base = { cutOff: 0.7, selfInteraction: false, cell };
  const alone = {
    request: { neighbours: base },
    facts: { splits: { train: { rows: 100 } }, graph: { edges: { train: 0 }, nodes: { train: 100 }, largestMolecule: 1, mostEdges: 0 } },
  } as unknown as DataPlan;
  const check = (neighbours: DataModulePlan['neighbours']) =>
    checkGraphSize(
      alone,
      { datamodule: { neighbours, train: { batchSize: 4 } } as unknown as DataModulePlan, bytesPerEdge: 0 },
      'stages.1',
    );
  assert.deepEqual(check(base), []);
  assert.deepEqual(check({ ...base, cutOff: 5 }), []);
  // 4 atoms with 4/3 pi 100^3 / 0.8 images each
  assert.match(check({ ...base, cutOff: 100 })[0]?.text ?? '', /may make 20943951 edges/u);
});

test('a model that takes more for an edge may have fewer, and twice as many where nothing is trained', () => {
  assert.deepEqual(
    problems(counted, 100, 2048).map((text) => /datamodule\.(\w+)\..*expected at most (\d+)/u.exec(text)?.slice(1, 3)),
    [['train', '1048576']],
  );
});
