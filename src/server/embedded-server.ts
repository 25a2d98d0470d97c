import type { RootstockError } from '../errors.ts';

/** Where the embedded server is now. */
export interface EmbeddedAddress {
  /** `127.0.0.1:port`. */
  readonly address: string;
  readonly uiUrl: string;
  /** Process id of the Temporal server. */
  readonly pid: number;
  readonly supervisorPid: number;
}

/** What happens to the embedded server while it is used. After `ready` the address may be another one; after `failed` it is tried again. */
export type ServerChange =
  | ({ readonly kind: 'ready' } & EmbeddedAddress)
  | { readonly kind: 'waiting'; readonly text: string }
  | { readonly kind: 'failed'; readonly error: RootstockError };

/** The embedded server of a state directory, held by an open connection to its supervisor. The properties are always the newest. */
export interface EmbeddedServer extends EmbeddedAddress {
  readonly namespace: 'default';
  /** Hears of restarts; returns the function that ends it. */
  readonly onChange: (listener: (change: ServerChange) => void) => () => void;
  /** Of a provisional connection: the server is needed. */
  readonly keep: () => void;
  /** Lets go: the supervisor stops the server a while after its last client. */
  readonly close: () => Promise<void>;
}
