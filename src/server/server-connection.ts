import type { ClientConnectConfig } from '@temporalio/envconfig';
import type { ServerChange } from './embedded-server.ts';

/** Connection options that both the client's `Connection.connect` and the worker's `NativeConnection.connect` take. */
export interface ServerConnectionOptions {
  /** `host:port`. */
  readonly address: string;
  readonly apiKey?: string;
  readonly tls?: NonNullable<ClientConnectConfig['connectionOptions']['tls']>;
  readonly metadata?: Record<string, string>;
}

/** The Temporal server to use. For an embedded one the properties follow its restarts. */
export interface ServerConnection {
  readonly kind: 'external' | 'embedded';
  readonly connectionOptions: ServerConnectionOptions;
  readonly namespace: string;
  /** The Web UI; null when it is not known. */
  readonly uiUrl: string | null;
  /** Hears what becomes of an embedded server; an external one is never heard of. Returns the function that ends it. */
  readonly onChange: (listener: (change: ServerChange) => void) => () => void;
  /** Of a provisional connection: an embedded server is needed. */
  readonly keep: () => void;
  /** Lets go of an embedded server, which stops a while after its last client. */
  readonly close: () => Promise<void>;
}
