import type { DataFacts, DataRequest, SplitFacts, SplitName } from '../contracts/plan.ts';
import { plural } from '../contracts/plural.ts';
import type { Ref } from '../contracts/refs.ts';
import { RootstockError } from '../errors.ts';
import { type BytePipe, createBytePipe } from './byte-pipe.ts';
import { type EncodeOptions, encodeData } from './encode-data.ts';

/** Stores bytes and says where; `ArtifactStore.put` fits. */
export type PutBytes = (chunks: AsyncIterable<Uint8Array>) => Promise<Ref>;

/** The materialised splits of a run, and what was found on the way. */
export interface MaterialisedData {
  readonly facts: DataFacts;
  readonly blobs: Readonly<Partial<Record<SplitName, Ref>>>;
}

/**
 * Reads all data of a run and stores each split as one blob (`blob-format.ts`), streaming. The bytes are those that `scanData` took
 * the digests of. Fails as `encodeData` does, and then every `put` fails too, so that the store keeps nothing; also with whatever
 * `put` fails with.
 */
export async function materialiseData(request: DataRequest, put: PutBytes, options: EncodeOptions = {}): Promise<MaterialisedData> {
  const writing: { readonly split: SplitName; readonly pipe: BytePipe; readonly stored: Promise<Ref> }[] = [];
  const openSink = (split: SplitName): BytePipe => {
    const pipe = createBytePipe();
    const stored = put(pipe.chunks);
    stored.catch((error: unknown) => pipe.fail(error));
    writing.push({ split, pipe, stored });
    return pipe;
  };
  try {
    const facts = await encodeData(request, openSink, options);
    const blobs: Partial<Record<SplitName, Ref>> = {};
    for (const { split, pipe, stored } of writing) {
      await pipe.end();
      blobs[split] = await stored;
    }
    return { facts, blobs };
  } catch (error) {
    await Promise.all(writing.map(({ pipe }) => pipe.fail(error).catch(() => undefined)));
    const outcomes = await Promise.allSettled(writing.map(({ stored }) => stored));
    // A store that failed on its own is the cause; what the encoder saw is only that its pipe broke.
    const cause = outcomes.find((outcome) => outcome.status === 'rejected' && outcome.reason !== error);
    throw cause?.status === 'rejected' && !(error instanceof RootstockError) ? cause.reason : error;
  }
}

/**
 * Checks that materialised data is what the plan was made from. Fails with DATA_CHANGED, naming each split that differs;
 * a new run (or plan) takes the new data up.
 */
export function checkDataUnchanged(planned: DataFacts, found: DataFacts): void {
  const names = [...new Set([...Object.keys(planned.splits), ...Object.keys(found.splits)])] as readonly SplitName[];
  const changes = names.flatMap((name) => {
    const before = planned.splits[name];
    const after = found.splits[name];
    if (before?.digest === after?.digest) return [];
    return [
      `  ${name}: planned ${countRows(before)} (${before?.digest ?? 'absent'}), found ${countRows(after)} (${after?.digest ?? 'absent'})`,
    ];
  });
  if (changes.length === 0) return;
  const message = [
    'The data is not what the run was planned with.',
    ...changes,
    'Fix: start the run again; it is planned with the new data.',
  ];
  throw new RootstockError('DATA_CHANGED', message.join('\n'), { changes });
}

function countRows(split: SplitFacts | undefined): string {
  const rows = split?.rows ?? 0;
  return `${rows} ${plural(rows, 'row')}`;
}
