import type { ArtifactStore } from '../src/artifacts/store.ts';
import type { ModelDefinition } from '../src/models/definition.ts';
import type { Trainers } from '../src/trainer-client/trainers.ts';

/** What activities need from their worker. */
export interface ActivityDependencies {
  readonly store: ArtifactStore;
  /** Absolute directory of caches and raw sample logs. */
  readonly stateDir: string;
  /** Model definitions, built in and registered. */
  readonly models: readonly ModelDefinition[];
  /** Absolute file URLs of registered modules, handed on to trainers. */
  readonly register: readonly string[];
  readonly trainers: Trainers;
}
