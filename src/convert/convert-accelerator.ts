import type { Json, JsonObject } from '../contracts/json.ts';
import { isObject } from './json-object.ts';
import type { Note } from './notes.ts';

/** What Lightning calls devices that it computes on, and what that is here. */
const OTHER_NAMES: Readonly<Record<string, { readonly name: string; readonly why: string }>> = {
  cuda: { name: 'gpu', why: 'cuda is called gpu here' },
  mps: { name: 'cpu', why: 'mps, the GPU of a Mac, is not used here' },
};

const GPU = 'gpu is the tensorflow backend here, which needs the package @tensorflow/tfjs-node-gpu (CUDA 11) or @tensorflow/tfjs-node';
const CPU = 'auto or cpu, which need none, are the wasm backend and give the same bits every time';

/** Says which backend an accelerator of the base and of each stage becomes: Lightning's devices and the backends here are not the same. */
export function convertAccelerators(config: JsonObject, notes: Note[]): JsonObject {
  const base = convertTrainer(config, 'model.config', notes);
  const transfer = base['transfer_learning'];
  if (!isObject(transfer) || !Array.isArray(transfer['stages'])) return base;
  const stages = (transfer['stages'] as readonly Json[]).map((stage, index) =>
    isObject(stage) ? convertTrainer(stage, `model.config.transfer_learning.stages.${index}`, notes) : stage,
  );
  return { ...base, transfer_learning: { ...transfer, stages } };
}

function convertTrainer(section: JsonObject, place: string, notes: Note[]): JsonObject {
  const trainer = section['trainer'];
  if (!isObject(trainer) || typeof trainer['accelerator'] !== 'string') return section;
  const written = trainer['accelerator'];
  const where = `${place}.trainer.accelerator`;
  const other = Object.hasOwn(OTHER_NAMES, written) ? OTHER_NAMES[written] : undefined;
  if (other === undefined) {
    if (written === 'gpu') notes.push({ kind: 'differs', where, text: `${GPU}; ${CPU}` });
    return section;
  }
  const text = other.name === 'gpu' ? `${other.why}; ${GPU}; ${CPU}` : `${other.why}: it became ${other.name}, the wasm backend`;
  notes.push({ kind: 'changed', where, text });
  return { ...section, trainer: { ...trainer, accelerator: other.name } };
}
