import assert from 'node:assert/strict';
import test from 'node:test';
import type { NeighbourPlan } from '../../src/contracts/graphs.ts';
import { meanNeighbours } from '../../src/contracts/mean-neighbours.ts';
import type { DataPlan, StagePlan } from '../../src/contracts/plan.ts';
import { neighbourWarnings } from '../../src/plan/neighbour-warnings.ts';

const BASE: NeighbourPlan = { cutOff: 0.5, selfInteraction: false, cell: null };

interface Counts {
  readonly rows?: number;
  readonly atoms?: number;
  readonly edges: number;
  readonly largest?: number;
  readonly neighbours?: NeighbourPlan;
}

/** 100 molecules of up to 20 atoms, 1,800 atoms together, a quarter of them held back. */
function scanned({ rows = 100, atoms = 1800, edges, largest = 20, neighbours = BASE }: Counts): DataPlan {
  const split = (count: number) => ({ train: (count * 3) / 4, validation: count / 4 });
  const { train, validation } = split(rows);
  return {
    request: { neighbours },
    facts: {
      splits: { train: { rows: train }, validation: { rows: validation } },
      graph: { nodes: split(atoms), edges: split(edges), largestMolecule: largest, mostEdges: 0 },
    },
  } as unknown as DataPlan;
}

const stage = (name: string, neighbours: NeighbourPlan | null) => ({ name, datamodule: { neighbours } }) as unknown as StagePlan;

const warnings = (counts: Counts) => neighbourWarnings(scanned(counts), []);

test('a cut_off in nanometres, which no atom has a neighbour within, is warned of by its value and its unit', () => {
  const [warning, ...others] = warnings({ edges: 0 });
  assert.deepEqual(others, []);
  assert.match(warning ?? '', /cut_off 0\.5 Angstrom an atom has 0 neighbours on average: no atom has a neighbour/u);
  assert.match(warning ?? '', /cut_off is in Angstrom, as the coordinates are \(1 nm is 10 Angstrom/u);
});

test('where fewer edges than half of the atoms are, more than half of the atoms have no neighbour', () => {
  assert.match(warnings({ edges: 800 })[0] ?? '', /has 0\.44 neighbours on average: more than half of the atoms have no neighbour/u);
});

test('a mean below one neighbour cannot connect molecules, and one that can is not warned of', () => {
  assert.match(warnings({ edges: 1500 })[0] ?? '', /has 0\.83 neighbours on average: that is less than it takes to connect/u);
  assert.deepEqual(warnings({ edges: 1800 }), []);
  assert.deepEqual(warnings({ edges: 30_000 }), []);
});

test('molecules of one atom have no neighbours by nature: as many as there may be are left out', () => {
  assert.deepEqual(warnings({ atoms: 100, edges: 0, largest: 1 }), []);
  // 96 atoms alone and four pairs that are as close as they should be
  assert.deepEqual(warnings({ atoms: 104, edges: 8, largest: 2 }), []);
});

test('in a cell the images of a lone atom are its neighbours, so that it is missed there', () => {
  const cell = [
    [4, 0, 0],
    [0, 4, 0],
    [0, 0, 4],
  ];
  assert.equal(warnings({ atoms: 100, edges: 0, largest: 1, neighbours: { ...BASE, cell } }).length, 1);
});

test('an atom is no neighbour of itself, whatever self_interaction says', () => {
  const neighbours = { ...BASE, selfInteraction: true };
  assert.equal(meanNeighbours(scanned({ edges: 1800, neighbours }))?.mean, 0);
  assert.match(warnings({ edges: 1800, neighbours })[0] ?? '', /no atom has a neighbour/u);
});

test("a stage's own cut_off is warned of where it is shorter than any bond", () => {
  const data = scanned({ edges: 30_000, neighbours: { ...BASE, cutOff: 5 } });
  const stages = [stage('head', { ...BASE, cutOff: 5 }), stage('all', { ...BASE, cutOff: 0.4 }), stage('wide', { ...BASE, cutOff: 6 })];
  const [warning, ...others] = neighbourWarnings(data, stages);
  assert.deepEqual(others, []);
  assert.match(warning ?? '', /^Stage "all" has cut_off 0\.4 Angstrom, shorter than any bond/u);
});

test('data without molecules has no neighbours to speak of', () => {
  const data = { request: {}, facts: { splits: { train: { rows: 3 } } } } as unknown as DataPlan;
  assert.deepEqual(neighbourWarnings(data, [stage('stage-1', null)]), []);
});

test('a molecule of two atoms among lone ones is whole, whatever the mean loses by rounding', () => {
  assert.deepEqual(warnings({ rows: 48, atoms: 49, edges: 2, largest: 2 }), []);
});
