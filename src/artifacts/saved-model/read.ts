import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeUtf8 } from '../../contracts/decode-utf8.ts';
import type { JsonObject } from '../../contracts/json.ts';
import { RootstockError } from '../../errors.ts';
import {
  type InspectedTensor,
  inspectSafetensors,
  type ReadWeights,
  readSafetensors,
  readTree,
  type TreeTensor,
} from '../safetensors/read.ts';
import { inspectTorch, readTorch, readTorchTree } from '../torch/read.ts';
import { explainNotJson } from './explain-not-json.ts';
import { SAVED_MODEL_FILES, type SavedModelPlace } from './place.ts';

/** No document of a model is larger; reading one that is would only fill the memory. */
const MAX_DOCUMENT_BYTES = 64 * 1024 * 1024;

/** Reads the weights of a saved model, whatever their format. Errors: those of `readSafetensors` and `readTorch`. */
export async function readWeights({ weights, format }: SavedModelPlace): Promise<ReadWeights> {
  return format === 'torch' ? readTorch(weights) : readSafetensors(weights);
}

/** Reads names, shapes and element types only. Errors: those of `readTree` and `readTorchTree`. */
export async function readWeightsTree({ weights, format }: SavedModelPlace): Promise<readonly TreeTensor[]> {
  return format === 'torch' ? readTorchTree(weights) : readTree(weights);
}

/** Lists every tensor with the SHA-256 of its values. Errors: those of `inspectSafetensors` and `inspectTorch`. */
export async function inspectWeights({ weights, format }: SavedModelPlace): Promise<readonly InspectedTensor[]> {
  return format === 'torch' ? inspectTorch(weights) : inspectSafetensors(weights);
}

/** Reads model_config.json of a saved model's directory. FILE_NOT_FOUND; CHECKPOINT_INVALID when it is not a JSON object. */
export async function readModelConfig(directory: string): Promise<JsonObject> {
  const path = join(directory, SAVED_MODEL_FILES.config);
  const document = await readDocument(path);
  if (document !== undefined) return document;
  throw new RootstockError(
    'FILE_NOT_FOUND',
    `"${directory}" is not a saved model: it has no ${SAVED_MODEL_FILES.config}.\nFix: name the output directory of a run, or a directory saved by physicsml or molflux.`,
    { path },
  );
}

/**
 * Reads featurisation_metadata.json, which says how a model's columns are made from molecules; null when there is none, or only the
 * placeholder with an empty "config" that molflux writes without one. CHECKPOINT_INVALID when it is not a JSON object.
 */
export async function readFeaturisation(directory: string): Promise<JsonObject | null> {
  const document = await readDocument(join(directory, SAVED_MODEL_FILES.featurisation));
  const config = document?.['config'];
  return document === undefined || (Array.isArray(config) && config.length === 0) ? null : document;
}

/** A document of a saved model; undefined when the file is not there. */
async function readDocument(path: string): Promise<JsonObject | undefined> {
  const bytes = await readFile(path).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT' || cause.code === 'ENOTDIR') return undefined;
    throw new RootstockError('FILE_UNREADABLE', `Cannot read "${path}": ${cause.message}`, { path }, { cause });
  });
  if (bytes === undefined) return undefined;
  if (bytes.byteLength > MAX_DOCUMENT_BYTES) throw invalid(path, `has ${bytes.byteLength} bytes; at most ${MAX_DOCUMENT_BYTES} are read`);
  const value = parseDocument(path, decode(path, bytes));
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid(path, 'is not a JSON object');
  return value as JsonObject;
}

function decode(path: string, bytes: Buffer): string {
  const text = decodeUtf8(bytes);
  if (typeof text === 'string') return text;
  const place = text.kind === 'letter' ? `, from line ${text.line}, column ${text.column} on` : ', but UTF-16';
  throw invalid(path, `is not UTF-8${place}`, { fix: 'save it as UTF-8, as physicsml and molflux do.' });
}

function parseDocument(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const { place, why, fix } = explainNotJson(text, cause);
    throw invalid(path, `is not JSON: ${place === null ? '' : `${place}: `}${why}`, { ...(fix === null ? {} : { fix }), cause });
  }
}

const FIX = 'put the file there that was saved with the weights.';

function invalid(
  path: string,
  text: string,
  { fix = FIX, cause }: { readonly fix?: string; readonly cause?: unknown } = {},
): RootstockError {
  return new RootstockError('CHECKPOINT_INVALID', `"${path}" ${text}.\nFix: ${fix}`, { path }, { cause });
}
