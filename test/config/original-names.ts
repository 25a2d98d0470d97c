import { readFileSync } from 'node:fs';

/** The names of every configuration key and class of physicsml 0.6.0 and molflux 0.8.0. */
export interface OriginalNames {
  /** Keys by class of section: TrainerConfig, PhysicsMLDataModuleConfig, ... */
  readonly sections: Readonly<Record<string, readonly string[]>>;
  /** Hyperparameters by model; none are known of lightning_gp_regressor. */
  readonly models: Readonly<Record<string, readonly string[]>>;
  readonly callbacks: readonly string[];
  readonly loggers: readonly string[];
  readonly profilers: readonly string[];
  readonly strategies: readonly string[];
}

export const originalNames = JSON.parse(
  readFileSync(new URL('../fixtures/golden/config_names.json', import.meta.url), 'utf8'),
) as OriginalNames;
