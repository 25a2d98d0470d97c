import type { Json, JsonObject } from '../contracts/json.ts';
import { isObject } from './json-object.ts';
import type { Note } from './notes.ts';

/**
 * Notes where the same words mean other numbers here, by ruling: accumulated gradients, frozen modules. Faithful conversion sets the key that
 * brings the original's numbers back. Sections of the base that are null are left out, as they override nothing.
 */
export function trainerNotes(config: JsonObject, faithful: boolean, notes: Note[]): JsonObject {
  const trainer = isObject(config['trainer']) ? config['trainer'] : {};
  const stages = stagesOf(config);
  const where = 'model.config.trainer';
  const settings: Record<string, Json> = {};
  const settle = (key: string, value: string, text: string): void => {
    if (trainer[key] !== undefined) return;
    if (faithful) settings[key] = value;
    const note: Note = faithful
      ? { kind: 'changed', where: `${where}.${key}`, text: `set to ${value}: ${text}` }
      : { kind: 'differs', where: `${where}.${key}`, text: `${text}; ${key}: ${value} brings that back (convert --faithful sets it)` };
    notes.push(note);
  };
  const accumulates = [trainer, ...stages.map((stage) => stage['trainer'])].some(
    (section) => isObject(section) && typeof section['accumulate_grad_batches'] === 'number' && section['accumulate_grad_batches'] > 1,
  );
  if (accumulates) {
    settle(
      'accumulate_normalization',
      'lightning',
      'the original divides a short last window by its full length, here it is divided by its own samples',
    );
  }
  if (stages.some((stage) => Array.isArray(stage['freeze_modules']) && stage['freeze_modules'].length > 0)) {
    settle(
      'frozen_modules_mode',
      'train',
      'in the original, frozen modules keep dropout on and move BatchNorm statistics; here they run in eval mode',
    );
  }
  const written = { ...trainer, ...settings };
  return {
    ...Object.fromEntries(
      Object.entries(config).filter(([key, value]) => value !== null || key === 'scheduler' || key === 'transfer_learning'),
    ),
    ...(Object.keys(written).length === 0 ? {} : { trainer: written }),
  };
}

function stagesOf(config: JsonObject): readonly JsonObject[] {
  const transfer = config['transfer_learning'];
  const stages = isObject(transfer) ? transfer['stages'] : undefined;
  return Array.isArray(stages) ? (stages as readonly Json[]).filter(isObject) : [];
}
