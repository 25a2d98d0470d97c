import type { z } from 'zod';

/** What config needs to know of a model. `ModelDefinition` has it all. */
export interface ModelSchema {
  /** The name in `model.name`. */
  readonly name: string;
  /** What it reads; absent: plain features. */
  readonly inputs?: 'features' | 'graphs';
  /** One line for the JSON Schema. */
  readonly summary: string;
  /** Strict zod object of the hyperparameters: the keys of `model.config` that are the model's own. */
  readonly hyperparameters: (zod: typeof z) => z.ZodObject;
}
