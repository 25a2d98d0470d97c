import type { DataRequest, DataSourceSpec, SplitName } from '../contracts/plan.ts';
import { createProblems } from './problems.ts';
import { type FoundSource, findSource } from './source.ts';
import { splitNames } from './split.ts';

/** A source and the split it is, or the split specification's splits. */
export interface PlannedSource {
  readonly source: FoundSource;
  readonly splits: readonly SplitName[];
}

/** Finds the files of every source of a request. Fails with FILE_NOT_FOUND or DATA_UNREADABLE, all sources in one error. */
export async function findSources(request: DataRequest): Promise<readonly PlannedSource[]> {
  const { sources } = request;
  const wanted =
    sources.kind === 'split'
      ? [{ where: 'data.source', spec: sources.source, splits: splitNames(sources.split) }]
      : (['train', 'validation', 'test'] as const).flatMap((name) => {
          const spec = sources[name];
          return spec === null ? [] : [{ where: whereOf(spec) ?? `data.${name}`, spec, splits: [name] }];
        });
  const problems = createProblems();
  const planned: PlannedSource[] = [];
  for (const { where, spec, splits } of wanted) {
    const source = await findSource(spec, where);
    if ('spec' in source) planned.push({ source, splits });
    else source.forEach(problems.add);
  }
  problems.throwIfAny();
  return planned;
}

function whereOf(spec: DataSourceSpec): string | undefined {
  return spec.kind === 'files' ? spec.where : undefined;
}

/** Every file of the sources, sorted, once each. */
export function listFiles(sources: readonly PlannedSource[]): readonly string[] {
  return [...new Set(sources.flatMap(({ source }) => source.files.flatMap(({ found }) => found.paths)))].sort();
}
