import { stat } from 'node:fs/promises';
import { dirname, extname, join, resolve } from 'node:path';
import { createDirectory, createFile, requireFree } from '../artifacts/create-output.ts';
import { weightsToChunks } from '../artifacts/safetensors/write.ts';
import { checkWeights } from '../artifacts/saved-model/check-weights.ts';
import { parseSavedModel } from '../artifacts/saved-model/parse.ts';
import { physicsmlDocument } from '../artifacts/saved-model/physicsml-document.ts';
import { findSavedModel, SAVED_MODEL_FILES } from '../artifacts/saved-model/place.ts';
import { readFeaturisation, readModelConfig, readWeights } from '../artifacts/saved-model/read.ts';
import { torchToChunks } from '../artifacts/torch/write.ts';
import { cannotWrite } from '../contracts/cannot-write.ts';
import { canonicalJson } from '../contracts/canonical-json.ts';
import type { JsonObject } from '../contracts/json.ts';
import type { Weights } from '../contracts/tensors.ts';
import { RootstockError } from '../errors.ts';
import type { ModelDefinition } from '../models/definition.ts';

/** What a saved model can be written as. */
export const EXPORT_FORMATS = ['physicsml', 'safetensors', 'torch'] as const;

/** The name of a format to write. */
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** What to write, and where. */
export interface ExportInput {
  /** A saved model in any format that is read. */
  readonly model: string;
  readonly format: ExportFormat;
  /** A directory for physicsml, a file for the others. Nothing may be there; the directory that it is put in has to be. */
  readonly out: string;
  /** Models whose names and shapes the weights are checked against; others are written unchecked as safetensors and torch. */
  readonly models: readonly ModelDefinition[];
}

/** What was written. Paths are absolute. */
export interface Exported {
  readonly out: string;
  readonly files: readonly { readonly path: string; readonly byteLength: number; readonly sha256: string }[];
  readonly tensors: number;
  /** Tensors whose element type was changed by reading: `egnn.weight: BF16 -> float32`. */
  readonly conversions: readonly string[];
}

/** Extensions by which a written file can be read again. */
const EXTENSIONS: Readonly<Record<Exclude<ExportFormat, 'physicsml'>, readonly string[]>> = {
  safetensors: ['.safetensors'],
  torch: ['.pt', '.pth'],
};

/**
 * The folder inside a torch file. Any name will do for torch.load; torch.save takes the file's, and this one when it writes to no file. It is
 * fixed so that the name of the file is not in its bytes.
 */
const TORCH_ROOT = 'archive';

/**
 * Writes a saved model in another format: `physicsml` = a directory that molflux.core.load_model loads, `torch` = a state_dict for
 * torch.load(path, weights_only=True), `safetensors` = the tensors alone. Equal models make equal bytes, whatever the file is called. Whole or
 * not at all, and never over something else.
 *
 * Errors: those of reading a saved model; USAGE for an extension that nothing would read; OUTPUT_EXISTS; those of `cannotWrite` where the
 * directory to write to is not there; NOT_AVAILABLE for models that physicsml does not have.
 */
export async function exportModel({ model, format, out, models }: ExportInput): Promise<Exported> {
  const target = resolve(out);
  checkExtension(target, format);
  await requireFree(target);
  await requireParent(target);
  const place = await findSavedModel(resolve(model));
  const { directory } = place;
  if (directory === null && format === 'physicsml') {
    throw new RootstockError(
      'USAGE',
      `"${model}" holds weights alone, and a physicsml directory says which model they belong to.\nFix: give the directory of a saved model, or --format safetensors or torch.`,
    );
  }
  const { weights, conversions } = await readWeights(place);
  const described = directory === null ? null : await describe(directory, weights, models);
  const finish = (files: readonly { readonly name: string; readonly byteLength: number; readonly digest: string }[]): Exported => ({
    out: target,
    files: files.map(({ name, byteLength, digest }) => ({ path: name === '' ? target : join(target, name), byteLength, sha256: digest })),
    tensors: weights.size,
    conversions,
  });
  if (format === 'physicsml' && described !== null) {
    const document = physicsmlDocument(described.saved, described.config);
    const files = [
      { name: SAVED_MODEL_FILES.config, chunks: [molfluxJson(document)] },
      { name: SAVED_MODEL_FILES.featurisation, chunks: [molfluxJson(described.saved.featurisation ?? NO_FEATURISATION)] },
      { name: SAVED_MODEL_FILES.requirements, chunks: [Buffer.from(REQUIREMENTS.join('\n'))] },
      { name: SAVED_MODEL_FILES.checkpoint, chunks: torchToChunks(weights, { root: 'module_checkpoint', checkpoint: true }) },
    ];
    return finish(await createDirectory(target, files));
  }
  const chunks = format === 'torch' ? torchToChunks(weights, { root: TORCH_ROOT, checkpoint: false }) : weightsToChunks(weights);
  return finish([{ name: '', ...(await createFile(target, chunks)) }]);
}

/**
 * The packages that exported models were loaded and judged with (ops/verify-export.py), for `pip install -r` under Python 3.11. molflux writes
 * its whole environment under this name and never reads it: it is there for whoever has to build that environment again.
 */
const REQUIREMENTS = [
  'datasets==2.21.0',
  'lightning==2.4.0',
  'molflux==0.8.0',
  'numpy==1.26.4',
  'physicsml==0.6.0',
  'rdkit==2024.3.5',
  'torch==2.4.0',
];

/** What molflux writes without featurisation metadata. */
const NO_FEATURISATION: JsonObject = { config: [], runtime: {}, version: 2 };

/** Reads what a directory says of its model, and checks the weights where the model is known. */
async function describe(directory: string, weights: Weights, models: readonly ModelDefinition[]) {
  const document = await readModelConfig(directory);
  const saved = parseSavedModel(document, join(directory, SAVED_MODEL_FILES.config), await readFeaturisation(directory));
  const definition = models.find(({ name }) => name === saved.name);
  if (definition !== undefined) checkWeights(definition.describe(saved.config, saved.facts), weights, directory);
  return { saved, config: document['config'] as JsonObject };
}

function checkExtension(out: string, format: ExportFormat): void {
  if (format === 'physicsml') return;
  const allowed = EXTENSIONS[format];
  if (allowed.includes(extname(out))) return;
  const text = `--out: expected a file that ends in ${allowed.join(' or ')}, received "${out}".`;
  throw new RootstockError('USAGE', `${text}\nFix: give it this extension, by which it can be read again.`);
}

/** As predict and evaluate do: a directory that is not there is more often a slip than a wish. */
async function requireParent(out: string): Promise<void> {
  const parent = await stat(dirname(out)).catch((cause: unknown) => {
    throw cannotWrite(out, cause);
  });
  if (!parent.isDirectory()) throw cannotWrite(out, { code: 'ENOTDIR' });
}

/** JSON as molflux writes it: four spaces, sorted keys. */
function molfluxJson(value: JsonObject): Uint8Array {
  return Buffer.from(JSON.stringify(JSON.parse(canonicalJson(value)), null, 4));
}
