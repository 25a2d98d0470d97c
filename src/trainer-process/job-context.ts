import type { InputFacts } from '../contracts/graphs.ts';
import type { JsonObject } from '../contracts/json.ts';
import type { BackendName } from '../contracts/plan.ts';
import type { KeptThread } from '../data/graphs/builder-thread/keep-thread.ts';
import { RootstockError } from '../errors.ts';
import { type LoadedBackend, loadBackend, missingKernels } from '../kernels/backend.ts';
import type { ModelDefinition } from '../models/definition.ts';
import { loadModels } from '../models/load-models.ts';
import { findModel } from '../models/registry.ts';
import { createOps } from '../ops/create-ops.ts';
import type { SaveRequest } from '../training/fit-types.ts';
import type { Model } from '../training/stage-setup.ts';
import type { Channel } from './channel.ts';

/** What jobs use. */
export interface JobContext {
  readonly channel: Channel;
  /** Takes the parent's newest request to save. */
  readonly takeRequest: () => SaveRequest;
  /** Where jobs after which another may follow get the thread that builds their batches. */
  readonly keptThread: KeptThread;
}

/** Lets the event loop turn once, so that messages get in and the death of the parent is seen. A promise alone never does. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** A message waits at most about this long for a turn of the event loop. */
const MOST_MS_WITHOUT_TURN = 5;

let lastTurn = Number.NEGATIVE_INFINITY;

/** Lets the event loop turn unless it has just done so (null): a turn takes a tenth of the step of a small network. */
export function turnWhenDue(): Promise<void> | null {
  if (performance.now() - lastTurn < MOST_MS_WITHOUT_TURN) return null;
  return nextTurn().then(() => {
    lastTurn = performance.now();
  });
}

/**
 * Loads a backend and finds a model. `train` checks that the backend has every gradient kernel it needs (KERNEL_MISSING), `definitionVersion`
 * that the model's code is what was planned with (PLAN_DRIFT).
 */
export async function prepareModel(input: {
  readonly name: string;
  readonly definitionVersion?: string;
  readonly config: JsonObject;
  readonly facts: InputFacts;
  readonly backend: BackendName;
  readonly register: readonly string[];
  readonly train: boolean;
}): Promise<{ readonly model: Model; readonly backend: LoadedBackend }> {
  const backend = await loadBackend(input.backend);
  const models = await loadModels(input.register);
  const definition = models.find(({ name }) => name === input.name) ?? findModel(input.name, []);
  if (input.definitionVersion !== undefined && definition.version !== input.definitionVersion)
    throw drifted(definition, input.definitionVersion);
  const missing = input.train ? missingKernels(definition.gradientKernels(input.config)) : [];
  if (missing.length > 0) throw kernelMissing(input, missing);
  return { model: { definition, config: input.config, facts: input.facts, ops: createOps() }, backend };
}

function drifted({ name, version }: ModelDefinition, planned: string): RootstockError {
  return new RootstockError(
    'PLAN_DRIFT',
    `The model "${name}" was planned with version ${planned}, but here it is version ${version}.\nFix: give every worker the same model modules, then start the run again.`,
    { name, planned, found: version },
  );
}

function kernelMissing(
  { name, backend }: { readonly name: string; readonly backend: BackendName },
  missing: readonly string[],
): RootstockError {
  return new RootstockError(
    'KERNEL_MISSING',
    `The backend ${backend} cannot train "${name}": it lacks ${missing.join(', ')}.\nFix: choose another trainer.accelerator; "rootstock doctor" shows what there is.`,
    { model: name, backend, missing },
  );
}
