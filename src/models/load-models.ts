import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { composeMessage, RootstockError } from '../errors.ts';
import { defineModel } from './define-model.ts';
import type { ModelDefinition } from './definition.ts';
import { modelRegistry } from './registry.ts';

/**
 * Imports the operator's model modules (absolute file URLs; named by the operator, never by data) and returns the built-in models and
 * theirs. Every export that looks like a ModelDefinition counts. The module's source digest becomes part of each definition's version,
 * so that changed code never reuses a stage. Throws FILE_NOT_FOUND, or MODEL_CONFIG_INVALID when a module has no model, an invalid one,
 * or a name that is taken.
 */
export async function loadModels(register: readonly string[] = []): Promise<readonly ModelDefinition[]> {
  const extra = await Promise.all(register.map(loadModule));
  return modelRegistry(extra.flat()).models;
}

/** Absolute file URLs of modules given as paths or URLs. */
export function toModuleUrls(modules: readonly string[]): readonly string[] {
  return modules.map((module) => (module.startsWith('file:') ? module : pathToFileURL(resolve(module)).href));
}

async function loadModule(url: string): Promise<readonly ModelDefinition[]> {
  const source = await readFile(new URL(url)).catch((cause: unknown) => {
    throw new RootstockError('FILE_NOT_FOUND', `The model module ${url} cannot be read.`, { url }, { cause });
  });
  const digest = createHash('sha256').update(source).digest('hex').slice(0, 16);
  const exported = Object.values((await import(url)) as Readonly<Record<string, unknown>>);
  const definitions = exported.filter(looksLikeModel);
  if (definitions.length === 0) {
    throw new RootstockError(
      'MODEL_CONFIG_INVALID',
      composeMessage(
        `The module ${url} exports no model definition.`,
        [],
        'export one made by defineModel({name, describe, forward, ...}).',
      ),
      { url },
    );
  }
  return [...new Set(definitions)].map((definition) => defineModel({ ...definition, version: `${definition.version}+${digest}` }));
}

function looksLikeModel(candidate: unknown): candidate is ModelDefinition {
  return typeof candidate === 'object' && candidate !== null && 'describe' in candidate && 'forward' in candidate;
}
