import type { JsonObject } from '../contracts/json.ts';

/** What a loader of one backend gives back. */
export interface BackendFacts {
  readonly class: string;
  readonly facts: JsonObject;
}
