import type { SplitName } from '../contracts/plan.ts';
import { columnPlace } from './columns.ts';
import type { Problems, RowName } from './problems.ts';

/** Class labels as they are met, per split. */
export interface LabelTable {
  /** Codes of labels, 0, 1, 2, ... in the order in which they were first met in any split. */
  encode(split: SplitName, labels: readonly (string | number)[], nameOf: (index: number) => RowName): Int32Array;
  /** The class labels, and the class of each code; labels outside the classes become LABEL_OUT_OF_RANGE problems. */
  finish(given: readonly (string | number)[] | null, reporting: LabelReporting): ClassMapping;
}

/** Where problems go, and how messages name the rows of a split. */
export interface LabelReporting {
  readonly problems: Problems;
  readonly placeOf: (split: SplitName) => string;
}

/** Sorted labels, index = class; and code -> class. */
export interface ClassMapping {
  readonly classes: readonly (string | number)[];
  readonly classOfCode: Int32Array;
}

interface Seen {
  readonly first: RowName;
  count: number;
}

/** Creates an empty table. `column` names the label column for messages. */
export function createLabelTable(column: string): LabelTable {
  const codes = new Map<string | number, number>();
  const seen = new Map<SplitName, Map<number, Seen>>();
  return {
    encode: (split, labels, nameOf) => {
      const ofSplit = seen.get(split) ?? new Map<number, Seen>();
      seen.set(split, ofSplit);
      return Int32Array.from(labels, (label, index) => {
        const code = codes.get(label) ?? codes.size;
        codes.set(label, code);
        const entry = ofSplit.get(code);
        if (entry === undefined) ofSplit.set(code, { first: nameOf(index), count: 1 });
        else entry.count++;
        return code;
      });
    },
    finish: (given, { problems, placeOf }) => {
      const labels = [...codes.keys()];
      const trained = seen.get('train') ?? new Map<number, Seen>();
      const classes = given ?? sortLabels(labels.filter((_, code) => trained.has(code)));
      const classOf = new Map(classes.map((label, index) => [label, index]));
      for (const [split, ofSplit] of seen) {
        for (const [code, { first, count }] of ofSplit) {
          const label = labels[code] ?? '';
          if (classOf.has(label)) continue;
          problems.add({
            code: 'LABEL_OUT_OF_RANGE',
            where: columnPlace(placeOf(split), column),
            text: `${describeLabel(label, classes, given !== null)}; ${count === 1 ? 'one row has it' : `${count} rows have it, the first`}: ${describeRow(first)}`,
          });
        }
      }
      return { classes, classOfCode: Int32Array.from(labels, (label) => classOf.get(label) ?? -1) };
    },
  };
}

/** Sorts labels: numbers by value before text by UTF-16 code unit. */
export function sortLabels(labels: readonly (string | number)[]): readonly (string | number)[] {
  return [...labels].sort((a, b) => {
    if (typeof a === 'number' && typeof b === 'number') return a - b;
    if (typeof a !== typeof b) return typeof a === 'number' ? -1 : 1;
    return a < b ? -1 : a > b ? 1 : 0;
  });
}

function describeLabel(label: string | number, classes: readonly (string | number)[], areGiven: boolean): string {
  const shown = classes.slice(0, 12).map((value) => JSON.stringify(value));
  const list = classes.length > 12 ? `${shown.join(', ')}, ... (${classes.length})` : shown.join(', ');
  const origin = areGiven ? 'model.config.classes' : 'the labels of the training split';
  const other = classes.find((value) => String(value) === String(label));
  const hint =
    other === undefined ? '' : `; ${JSON.stringify(other)} is ${typeof other === 'number' ? 'a number' : 'text'}, the label is not`;
  return `label ${JSON.stringify(label)} is not one of ${origin}: ${list}${hint}`;
}

function describeRow({ id, number }: RowName): string {
  return id === String(number) ? `row ${number}` : `row ${JSON.stringify(id)} (number ${number})`;
}
