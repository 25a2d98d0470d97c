import type { DataFacts, DataRequest, SplitFacts, SplitName } from '../contracts/plan.ts';
import { RootstockError } from '../errors.ts';
import { type ColumnLayout, layOutColumns } from './columns.ts';
import { createDuplicateCheck } from './duplicate-ids.ts';
import { findSources, listFiles } from './find-sources.ts';
import { encodeMolecules } from './graphs/encode-molecules.ts';
import type { ByteSink } from './hashed-output.ts';
import { type ClassMapping, createLabelTable } from './labels.ts';
import { createProblems } from './problems.ts';
import { type ReadContext, readRows } from './read-rows.ts';
import { type OpenSource, openSource } from './source.ts';
import { stampFiles } from './source-files.ts';
import { assignSplit } from './split.ts';
import { createSplitEncoder, type EncoderEnd, type SplitEncoder } from './split-encoder.ts';
import { findEmptySplits, splitPlace } from './split-place.ts';
import { splitRows } from './split-rows.ts';

/** How far reading has come. */
export interface DataProgress {
  /** Dotted path of the source in the run file: `data.train`. */
  readonly source: string;
  /** Rows read of it so far. */
  readonly rows: number;
}

/** How data is read. None of these changes a byte of the result. */
export interface EncodeOptions {
  readonly onProgress?: ((progress: DataProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Threads for reading files; null: one per core. Queries always run on one. */
  readonly threads?: number | null | undefined;
}

/**
 * Reads all data of a run once, checks every value and encodes each split into its sink. All problems of all columns and splits
 * come in one error; what has been written to the sinks by then is to be thrown away. Fails with the codes of `problems.ts`;
 * DATA_CHANGED when a file changes meanwhile; CANCELLED when the signal is aborted.
 */
export async function encodeData(
  request: DataRequest,
  openSink: (split: SplitName) => ByteSink,
  options: EncodeOptions = {},
): Promise<DataFacts> {
  const planned = await findSources(request);
  const files = listFiles(planned);
  const before = await stampFiles(files);
  const opened: OpenSplits[] = [];
  try {
    for (const { source, splits } of planned) {
      const { signal, threads = null } = options;
      opened.push({ source: await openSource(source, { rowId: request.rowId, threads, signal }), splits });
    }
    const facts = await encodeOpened(opened, { request, openSink, onProgress: options.onProgress });
    const after = await stampFiles(files);
    const changed = files.filter((_, index) => JSON.stringify(before[index]) !== JSON.stringify(after[index]));
    if (changed.length > 0) {
      const message = `Files changed while they were read: ${changed.join(', ')}.\nFix: start again when they are complete.`;
      throw new RootstockError('DATA_CHANGED', message, { files: changed });
    }
    return facts;
  } finally {
    for (const { source } of opened) source.close();
  }
}

interface OpenSplits {
  readonly source: OpenSource;
  readonly splits: readonly SplitName[];
}

interface LaidOutSplits extends OpenSplits {
  readonly layout: ColumnLayout;
}

async function encodeOpened(opened: readonly OpenSplits[], input: EncodeInput): Promise<DataFacts> {
  const { request, openSink, onProgress } = input;
  const { graph } = request;
  if (graph === undefined) return encodeSources(await layOutAll(opened, request), input);
  return encodeMolecules(opened, {
    request: { ...request, graph },
    openSink,
    createAssigner: (splits) => createAssigner(request, splits),
    onRows: (source, rows) => onProgress?.({ source, rows }),
  });
}

async function layOutAll(opened: readonly OpenSplits[], request: DataRequest): Promise<readonly LaidOutSplits[]> {
  const problems = createProblems();
  const sources: LaidOutSplits[] = [];
  for (const { source, splits } of opened) {
    const layout = await layOutColumns(source, request);
    if ('sql' in layout) sources.push({ source, splits, layout });
    else layout.forEach(problems.add);
  }
  problems.throwIfAny();
  return sources;
}

interface EncodeInput {
  readonly request: DataRequest;
  readonly openSink: (split: SplitName) => ByteSink;
  readonly onProgress: EncodeOptions['onProgress'];
}

async function encodeSources(sources: readonly LaidOutSplits[], { request, openSink, onProgress }: EncodeInput): Promise<DataFacts> {
  const problems = createProblems();
  const context: ReadContext = { problems, widths: new Map(), shapes: new Map(), inexact: new Map() };
  const [labelColumn] = request.y;
  const labels = request.task === 'classification' && labelColumn !== undefined ? createLabelTable(labelColumn) : null;
  const encoders = new Map<SplitName, { readonly encoder: SplitEncoder; readonly idKind: 'int64' | 'text' }>();
  const rowCounts = new Map<SplitName, number>();
  for (const { source, splits, layout } of sources) {
    for (const split of splits) {
      rowCounts.set(split, 0);
      encoders.set(split, { encoder: createSplitEncoder(openSink(split)), idKind: layout.idKind === 'text' ? 'text' : 'int64' });
    }
    const assign = createAssigner(request, splits);
    const duplicates = createDuplicateCheck(source);
    for await (const block of readRows(source, layout, context)) {
      duplicates.watch(block.ids);
      for (const { split, ids, x, y, labels: rowLabels, nameOf } of splitRows(block, assign)) {
        rowCounts.set(split, (rowCounts.get(split) ?? 0) + ids.length);
        const targets = labels?.encode(split, rowLabels, nameOf) ?? y;
        if (problems.count() === 0) await encoders.get(split)?.encoder.append({ x, y: targets, ids });
      }
      onProgress?.({ source: source.where, rows: block.firstRow + block.ids.length });
    }
    await duplicates.finish(problems);
  }
  const mapping = labels?.finish(request.classes, { problems, placeOf: (split) => splitPlace(split, sources) }) ?? null;
  for (const empty of await findEmptySplits(rowCounts, sources)) problems.add(empty);
  problems.throwIfAny();
  const end = describeEnd(request, context, mapping);
  const splits: Partial<Record<SplitName, SplitFacts>> = {};
  for (const [split, { encoder, idKind }] of encoders) splits[split] = await encoder.finish({ ...end, idKind });
  const warnings = describeInexact(context.inexact);
  return {
    splits,
    xWidths: Object.fromEntries(end.columns.map(({ name, width }) => [name, width])),
    classes: mapping?.classes ?? null,
    ...(warnings.length === 0 ? {} : { warnings }),
  };
}

function createAssigner({ sources }: DataRequest, splits: readonly SplitName[]): (rowId: string) => SplitName | null {
  if (sources.kind === 'split') return (rowId) => assignSplit(rowId, sources.split);
  const [only = null] = splits;
  return () => only;
}

function describeEnd(request: DataRequest, { widths }: ReadContext, mapping: ClassMapping | null): Omit<EncoderEnd, 'idKind'> {
  return {
    columns: request.x.map((name) => ({ name, width: widths.get(name) ?? 1, dtype: 'float32' })),
    targets:
      mapping === null
        ? { kind: 'values', names: request.y, dtype: 'float32' }
        : { kind: 'classes', names: request.y, dtype: 'int32', classes: mapping.classes },
    classOfCode: mapping?.classOfCode ?? null,
  };
}

function describeInexact(inexact: ReadonlyMap<string, number>): readonly string[] {
  return [...inexact].map(
    ([place, value]) =>
      `${place}: whole numbers such as ${value} are rounded; float32 holds every whole number only up to 2^24 (16777216).`,
  );
}
