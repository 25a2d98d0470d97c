import type { JsonObject } from '../contracts/json.ts';
import { RootstockError } from '../errors.ts';
import { fromJsonBytes, toJsonBytes } from './json-blob.ts';
import { stageIndexName, stageName } from './stage-names.ts';
import type { ArtifactStore } from './store.ts';

/** Stores the document whose SHA-256 a stage key is, beside everything else of that stage: it explains later misses. */
export async function recordKeyDocument(store: ArtifactStore, key: string, document: JsonObject): Promise<void> {
  await store.createIfAbsent(stageName(key, 'document'), toJsonBytes(document));
}

/** Reads the document behind a stage key; undefined when the key was never recorded. */
export async function readKeyDocument(store: ArtifactStore, key: string): Promise<JsonObject | undefined> {
  const body = await store.read(stageName(key, 'document'));
  return body === undefined ? undefined : (fromJsonBytes(body, `document of stage ${key}`) as JsonObject);
}

/** How often a pointer is tried again when others change it at the same time. */
const POINTER_ATTEMPTS = 20;

/** Remembers which key a run's stage had last, for explaining why the next one misses. The last writer wins. */
export async function recordStage(
  store: ArtifactStore,
  runName: string,
  input: { readonly stage: string; readonly key: string },
): Promise<void> {
  const name = stageIndexName(runName, input.stage);
  const body = toJsonBytes({ run: runName, stage: input.stage, stageKey: input.key });
  for (let attempt = 0; attempt < POINTER_ATTEMPTS; attempt += 1) {
    const current = (await store.read(name)) ?? null;
    if (current !== null && Buffer.compare(current, body) === 0) return;
    if (await store.compareAndSet(name, current, body)) return;
  }
  throw new RootstockError('STORE_IO', `Cannot record the key of stage "${input.stage}": others keep changing it.`, { name });
}

/** The key that a run's stage had last; undefined when there is none. */
export async function lastStageKey(store: ArtifactStore, runName: string, stage: string): Promise<string | undefined> {
  const body = await store.read(stageIndexName(runName, stage));
  if (body === undefined) return undefined;
  const { stageKey } = fromJsonBytes(body, `key of stage "${stage}"`) as JsonObject;
  return typeof stageKey === 'string' ? stageKey : undefined;
}
