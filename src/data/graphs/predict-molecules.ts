import type { GraphColumns, GraphFacts, NeighbourPlan } from '../../contracts/graphs.ts';
import type { JsonObject } from '../../contracts/json.ts';
import { plural } from '../../contracts/plural.ts';
import { RootstockError } from '../../errors.ts';
import type { GraphDataset } from '../dataset.ts';
import { findEmptySource } from '../empty-source.ts';
import { createProblems } from '../problems.ts';
import type { OpenSource } from '../source.ts';
import { checkBatchEdges } from './batch-edges.ts';
import type { Molecule } from './check-molecule.ts';
import { datasetOfMolecules } from './molecule-dataset.ts';
import { layOutMolecules } from './molecule-layout.ts';
import { type MoleculeReading, readMolecules } from './read-molecules.ts';

/** Which molecules a model reads. */
export interface PredictMolecules {
  readonly columns: GraphColumns;
  readonly neighbours: NeighbourPlan;
  /** How columns that the file lacks are made; null: they have to be there. */
  readonly featurisation: JsonObject | null;
  /** Widths of features that the model takes. */
  readonly facts: Pick<GraphFacts, 'nodeAttrWidth' | 'edgeAttrWidth' | 'graphAttrWidth'>;
  /** Most edges of a batch, see mostBatchEdges. */
  readonly mostEdges: number;
}

/** Molecules to predict, in file order. */
export interface MoleculePredictBatch {
  readonly kind: 'graphs';
  /** Number of the first row in the file, counting from 0. */
  readonly firstRow: number;
  readonly rows: number;
  /** The batch's rows, without targets. */
  readonly dataset: GraphDataset;
  readonly rowIds: readonly string[];
}

/** What is read and how it is cut. */
export interface MoleculeBatches {
  readonly molecules: PredictMolecules;
  readonly batchSize: number;
  /** The file as the user wrote it. */
  readonly path: string;
}

/** Molecules that can be read. */
export interface OpenMolecules {
  readonly batches: () => AsyncGenerator<MoleculePredictBatch>;
  /** What a person should know of how they are read. Whole sentences. */
  readonly warnings: readonly string[];
}

/**
 * Lays molecules out for prediction; the columns of targets are not needed. Fails with COLUMN_NOT_FOUND, COLUMN_TYPE. Iterating fails with
 * what is wrong with rows, every problem of the next 2048 at once, SHAPE_MISMATCH for other widths than the model takes, GRAPH_TOO_LARGE
 * for a batch with more edges than memory allows, DATA_EMPTY.
 */
export async function openMoleculeBatches(source: OpenSource, { molecules, batchSize, path }: MoleculeBatches): Promise<OpenMolecules> {
  const { columns, neighbours, featurisation, facts, mostEdges } = molecules;
  const problems = createProblems();
  const layout = await layOutMolecules(source, { graph: columns, featurisation, withTargets: false });
  if (!('sql' in layout)) {
    layout.forEach(problems.add);
    problems.throwIfAny();
    throw new TypeError('columns without a layout and without problems');
  }
  const widths = new Map<string, number>();
  if (columns.nodeAttrs !== null) widths.set(columns.nodeAttrs, facts.nodeAttrWidth);
  if (columns.edgeAttrs !== null) widths.set(columns.edgeAttrs, facts.edgeAttrWidth);
  const reading: MoleculeReading = { graph: columns, neighbours, problems, widths };
  const toBatch = (firstRow: number, part: readonly Waiting[]): MoleculePredictBatch => {
    const rowIds = part.map(({ id }) => id);
    checkBatchEdges({
      path,
      molecules: part.length,
      atoms: part.reduce((most, { molecule }) => Math.max(most, molecule.atomNumbers.length), 0),
      edges: part.reduce((sum, { molecule }) => sum + molecule.edges, 0),
      cutOff: neighbours.cutOff,
      most: mostEdges,
    });
    const dataset = datasetOfMolecules(
      part.map(({ molecule }) => molecule),
      rowIds,
      { graph: columns, widths, withTargets: false },
    );
    if (dataset.graphAttrWidth !== facts.graphAttrWidth) throw wrongWidth(path, facts.graphAttrWidth, dataset.graphAttrWidth);
    return { kind: 'graphs', firstRow, rows: part.length, dataset, rowIds };
  };
  const batches = async function* (): AsyncGenerator<MoleculePredictBatch> {
    let waiting: Waiting[] = [];
    let given = 0;
    for await (const block of readMolecules(source, layout, reading)) {
      problems.throwIfAny();
      const next = block.molecules.flatMap((molecule, row) => (molecule === null ? [] : [{ molecule, id: String(block.ids[row]) }]));
      waiting = [...waiting, ...next];
      while (waiting.length >= batchSize) {
        yield toBatch(given, waiting.slice(0, batchSize));
        waiting = waiting.slice(batchSize);
        given += batchSize;
      }
    }
    if (waiting.length > 0) yield toBatch(given, waiting);
    const empty = given + waiting.length === 0 ? await findEmptySource(source) : undefined;
    if (empty !== undefined) problems.add(empty);
    problems.throwIfAny();
  };
  return { batches, warnings: layout.warnings };
}

interface Waiting {
  readonly molecule: Molecule;
  readonly id: string;
}

function wrongWidth(path: string, expected: number, received: number): RootstockError {
  const message = `The rows of ${path} do not fit the model.\n  graph_attrs_cols: expected ${expected} ${plural(expected, 'value')} per molecule, received ${received}\nFix: give the columns that the model was trained on.`;
  return new RootstockError('SHAPE_MISMATCH', message, { expected, received });
}
