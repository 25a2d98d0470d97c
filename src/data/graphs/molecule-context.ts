import type { GraphColumns, NeighbourPlan } from '../../contracts/graphs.ts';
import type { DataErrorCode } from '../problems.ts';

/** What checking a molecule needs. `report` adds the row. */
export interface MoleculeContext {
  readonly graph: GraphColumns;
  readonly neighbours: NeighbourPlan | null;
  readonly widths: Map<string, number>;
  readonly report: (problem: {
    readonly code: DataErrorCode;
    readonly column: string;
    readonly kind?: string;
    readonly text: string;
    readonly remedy?: string;
  }) => void;
}
