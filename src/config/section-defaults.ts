import { z } from 'zod';
import type { Json, JsonObject } from '../contracts/json.ts';
import { lookUpClass } from './classes.ts';
import { plainDatamoduleSchema } from './datamodule-keys.ts';
import { optimizerClasses } from './optimizer-keys.ts';
import { schedulerClasses, schedulerObject } from './scheduler-keys.ts';
import { unwrap } from './schema-at.ts';
import type { SectionKind } from './section-rules.ts';
import { trainerSchema } from './trainer-keys.ts';

/**
 * The defaults of a section in the run file's spelling, complete for every supported key; those of molecules are left to the molecule models.
 *
 * For optimizer and scheduler, `name` chooses a class and `config` holds torch's defaults for it (StepLR has no default step_size). Without
 * a name: Adam with lr 1e-4 (molflux), and CosineAnnealingLR over num_steps (physicsml).
 */
export function sectionDefaults(kind: SectionKind, name?: string): JsonObject {
  if (kind === 'trainer') return shapeDefaults(trainerSchema);
  if (kind === 'datamodule') return shapeDefaults(plainDatamoduleSchema);
  return kind === 'optimizer' ? optimizerDefaults(name) : schedulerDefaults(name);
}

function optimizerDefaults(name: string | undefined): JsonObject {
  const found = lookUpClass(optimizerClasses, name ?? 'Adam');
  if (found.kind !== 'available') return {};
  const config = shapeDefaults(found.config);
  return { name: found.name, config: name === undefined ? { ...config, lr: 1e-4 } : config };
}

function schedulerDefaults(name: string | undefined): JsonObject {
  const found = lookUpClass(schedulerClasses, name ?? 'CosineAnnealingLR');
  return found.kind === 'available' ? { ...shapeDefaults(schedulerObject), name: found.name, config: shapeDefaults(found.config) } : {};
}

/** Collects the documented defaults of an object schema; an object without its own default has those of its keys. */
function shapeDefaults(schema: z.ZodObject): JsonObject {
  const entries = Object.entries(schema.shape).flatMap(([key, optional]): [string, Json][] => {
    const inner = (optional as z.ZodOptional<z.ZodType>).unwrap();
    const written = inner.meta()?.['default'] as Json | undefined;
    if (written !== undefined) return [[key, written]];
    const object = unwrap(inner);
    return object instanceof z.ZodObject ? [[key, shapeDefaults(object)]] : [];
  });
  return Object.fromEntries(entries);
}
