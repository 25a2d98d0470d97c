import type { JsonObject } from '../contracts/json.ts';
import type { Ref } from '../contracts/refs.ts';
import type { StageResult } from '../contracts/stage-activities.ts';
import { RootstockError } from '../errors.ts';
import { fromJsonBytes, toJsonBytes } from './json-blob.ts';
import { stageName } from './stage-names.ts';
import type { ArtifactStore } from './store.ts';

/** A finished stage, stored as `stages/<key>/manifest`: cache entry, lineage and proof of completion at once. */
export interface StageManifest {
  readonly format: 1;
  /** As the run that finished it saw it; another run that reuses it has its own index, name and `cached: true`. */
  readonly result: StageResult;
  /** Last snapshot of the stage. */
  readonly snapshot: number;
  readonly stateDigest: string;
  /** Parents, data digests, versions: what a reader needs to explain the weights. */
  readonly lineage: JsonObject;
  /** Host, pid, times. Never compared. */
  readonly envelope: JsonObject;
}

/**
 * Records a stage as finished. Where it is recorded already with the same weights, that manifest is returned.
 * DETERMINISM_VIOLATION: with other weights.
 */
export async function finishStage(store: ArtifactStore, key: string, manifest: StageManifest): Promise<StageManifest> {
  const { created, body } = await store.createIfAbsent(stageName(key, 'manifest'), toJsonBytes(manifest));
  if (created) return manifest;
  const other = decode(body, key);
  const differing = WEIGHTS.filter((name) => other.result[name]?.digest !== manifest.result[name]?.digest);
  if (differing.length === 0) return other;
  const lines = differing.map((name) => `  ${name}: ${digestOf(manifest.result[name])} here, ${digestOf(other.result[name])} there`);
  throw new RootstockError(
    'DETERMINISM_VIOLATION',
    [`Two attempts finished stage "${manifest.result.name}" with different weights after ${manifest.result.steps} steps.`, ...lines].join(
      '\n',
    ),
    { stageKey: key, steps: manifest.result.steps, ours: manifest.envelope, theirs: other.envelope },
  );
}

/**
 * Reads a finished stage whose blobs all verify. When one of them is lost or rotten the manifest is set aside, so that the stage is
 * trained again instead of failing for ever: undefined, as for a stage that has never finished.
 */
export async function readStageManifest(store: ArtifactStore, key: string): Promise<StageManifest | undefined> {
  const name = stageName(key, 'manifest');
  try {
    const body = await store.read(name);
    if (body === undefined) return undefined;
    const manifest = decode(body, key);
    const { weights, lastWeights, bestWeights, emaWeights = null, optimizerState = null, ledger } = manifest.result;
    for (const ref of [weights, lastWeights, bestWeights, emaWeights, optimizerState, ledger])
      if (ref !== null) await (await store.open(ref)).close();
    return manifest;
  } catch (error) {
    if (!(error instanceof RootstockError) || !['ARTIFACT_CORRUPT', 'ARTIFACT_NOT_FOUND'].includes(error.code)) throw error;
    await store.setAside(name);
    return undefined;
  }
}

const WEIGHTS = ['weights', 'lastWeights', 'bestWeights', 'emaWeights', 'optimizerState'] as const;

function decode(body: Uint8Array, key: string): StageManifest {
  return fromJsonBytes(body, `manifest of stage ${key}`) as unknown as StageManifest;
}

function digestOf(ref: Ref | null | undefined): string {
  return ref?.digest ?? 'none';
}
