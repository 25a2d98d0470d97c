import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { DataSection } from '../config/run-config.ts';
import type { JsonObject } from '../contracts/json.ts';
import { RootstockError } from '../errors.ts';

/**
 * Reads `data.featurisation`: inline, or a path to a featurisation_metadata.json relative to the run file. Always gives an object with
 * "config". What is in it is checked when the data is opened. Errors: FILE_NOT_FOUND, FEATURISATION_INVALID when the file is not JSON.
 */
export async function readFeaturisation(section: DataSection['featurisation'], baseDir: string): Promise<JsonObject | undefined> {
  if (section === undefined || section === null) return undefined;
  const content: unknown = typeof section === 'string' ? await readJson(resolve(baseDir, section)) : section;
  return (Array.isArray(content) ? { config: content } : content) as JsonObject;
}

async function readJson(path: string): Promise<unknown> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    const message = `data.featurisation: "${path}" cannot be read.\nFix: check the path; it is relative to the run file.`;
    throw new RootstockError('FILE_NOT_FOUND', message, { path }, { cause });
  });
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    const message = `data.featurisation: "${path}" is not JSON: ${String(cause)}.\nFix: give a featurisation_metadata.json as molflux saves it.`;
    throw new RootstockError('FEATURISATION_INVALID', message, { path }, { cause });
  }
}
