import { type Issue, invalid, notAvailable } from './issue.ts';
import { isMapping } from './read-json.ts';

/**
 * Checks that train_features asks for what training reads anyway: the columns of x_features and y_features, in any order, of the one data
 * set there is. Says nothing about values of the wrong type.
 */
export function checkTrainFeatures(config: Readonly<Record<string, unknown>>): Issue[] {
  const [x, y] = [columns(config['x_features']), columns(config['y_features'])];
  const written = config['train_features'];
  if (x === null || y === null) return [];
  const path = ['model', 'config', 'train_features'];
  const lists = isMapping(written)
    ? Object.entries(written).map(([name, list]) => ({ list, path: [...path, name] }))
    : [{ list: written, path }];
  if (lists.length > 1)
    return [
      notAvailable(path, `${lists.length} data sets are not available: a run trains on one; give the columns of that one, or leave it out`),
    ];
  return lists.flatMap(({ list, path: at }) => {
    const named = columns(list);
    return named === null ? [] : checkColumns(named, [...x, ...y], at);
  });
}

function checkColumns(named: readonly string[], read: readonly string[], path: readonly string[]): Issue[] {
  const further = named.filter((column) => !read.includes(column));
  const missing = read.filter((column) => !named.includes(column));
  return [
    ...(further.length === 0
      ? []
      : [
          notAvailable(
            path,
            `columns that only training reads are not available (${further.join(', ')}); leave it out, or add them to x_features`,
          ),
        ]),
    ...(missing.length === 0
      ? []
      : [invalid(path, `lacks ${missing.join(', ')} of x_features and y_features, which training reads; leave it out`)]),
  ];
}

function columns(value: unknown): readonly string[] | null {
  return Array.isArray(value) && value.every((item) => typeof item === 'string') ? value : null;
}
