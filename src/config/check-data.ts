import { type Issue, invalid } from './issue.ts';
import type { Path } from './path.ts';
import { isMapping } from './read-json.ts';

/** Checks the rules across the keys of the data section. Says nothing about keys of the wrong type. */
export function checkData(data: unknown, path: Path): Issue[] {
  if (!isMapping(data)) return [];
  return [...formRules(data, path), ...fractionRule(data['split'], path), ...rowIdRules(data, path)];
}

type Mapping = Readonly<Record<string, unknown>>;

function formRules(data: Mapping, path: Path): Issue[] {
  const separate = ['train', 'validation', 'test'].filter((key) => data[key] !== undefined && data[key] !== null);
  if (data['source'] !== undefined) {
    return [
      ...separate.map((key) => invalid([...path, key], 'source is there too; give either source and split, or train, validation and test')),
      ...(data['split'] === undefined ? [invalid([...path, 'split'], 'missing; source needs a split, such as {name: shuffle_split}')] : []),
    ];
  }
  return [
    ...(data['train'] === undefined
      ? [invalid([...path, 'train'], 'missing; give train (and validation, test), or source and split')]
      : []),
    ...(data['split'] === undefined
      ? []
      : [invalid([...path, 'split'], 'split belongs to source; leave it out, or give source instead of train')]),
  ];
}

function fractionRule(split: unknown, path: Path): Issue[] {
  if (!isMapping(split) || (split['presets'] !== undefined && !isMapping(split['presets']))) return [];
  const presets: Mapping = split['presets'] ?? {};
  const { train_fraction: train = 0.8, validation_fraction: validation = 0.1, test_fraction: test = 0.1 } = presets;
  if (typeof train !== 'number' || typeof validation !== 'number' || typeof test !== 'number') return [];
  const sum = train + validation + test;
  // 0.8 + 0.1 + 0.1 is 1 + 2^-52 in another order: allow for rounding
  return sum <= 1 + 1e-9
    ? []
    : [
        invalid(
          [...path, 'split', 'presets'],
          `fractions add up to ${Number(sum.toFixed(6))}; expected at most 1 (absent ones are 0.8, 0.1, 0.1)`,
        ),
      ];
}

function rowIdRules(data: Mapping, path: Path): Issue[] {
  const common = data['row_id'];
  if (typeof common !== 'string') return [];
  return ['train', 'validation', 'test', 'source'].flatMap((key) => {
    const source = data[key];
    const own = isMapping(source) ? source['row_id'] : undefined;
    return typeof own === 'string' && own !== common
      ? [invalid([...path, key, 'row_id'], `contradicts data.row_id "${common}"; keep one of them`)]
      : [];
  });
}
