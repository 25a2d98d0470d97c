import { type ClientConnectConfig, loadClientConnectConfig } from '@temporalio/envconfig';
import { RootstockError } from '../errors.ts';
import { connectSupervisor } from './connect-supervisor.ts';
import { requireSupportedPlatform } from './platform.ts';
import { requireReachable } from './require-reachable.ts';
import type { ServerConnection } from './server-connection.ts';

export type { ServerConnection } from './server-connection.ts';

/** How to resolve. */
export interface ResolveServerInput {
  /** The state directory whose embedded server serves when none is named. */
  readonly stateDir: string;
  readonly env: NodeJS.ProcessEnv;
  readonly onProgress?: ((line: string) => void) | undefined;
  /** Called when a supervisor has been started, which takes its time. */
  readonly onStarted?: (() => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** True: it may turn out that no server is needed (`connectSupervisor`). */
  readonly provisional?: boolean | undefined;
}

/**
 * Finds the Temporal server: the one named by TEMPORAL_ADDRESS or by a Temporal profile (TEMPORAL_PROFILE, TEMPORAL_CONFIG_FILE, the default
 * config file), otherwise the embedded one of the state directory, which is started when it does not run.
 *
 * @throws RootstockError SERVER_UNAVAILABLE with the address and what to do, USAGE for a profile that cannot be read or has no address, and what
 *   `connectSupervisor` throws. A retry helps with SERVER_UNAVAILABLE once the server is back.
 */
export async function resolveServer(input: ResolveServerInput): Promise<ServerConnection> {
  requireSupportedPlatform();
  const external = readExternal(input.env);
  if (external !== null) {
    await requireReachable(external.connectionOptions, external.namespace);
    return {
      kind: 'external',
      ...external,
      uiUrl: null,
      onChange: () => () => undefined,
      keep: () => undefined,
      close: async () => undefined,
    };
  }
  const embedded = await connectSupervisor(input);
  return {
    kind: 'embedded',
    namespace: embedded.namespace,
    get connectionOptions() {
      return { address: embedded.address };
    },
    get uiUrl() {
      return embedded.uiUrl;
    },
    onChange: embedded.onChange,
    keep: embedded.keep,
    close: embedded.close,
  };
}

/** The server that the environment names; null when it names none. */
export function readExternal(env: NodeJS.ProcessEnv): Pick<ServerConnection, 'connectionOptions' | 'namespace'> | null {
  const { connectionOptions, namespace } = loadProfile(env);
  const { address, apiKey, tls, metadata } = connectionOptions;
  const profile = env['TEMPORAL_PROFILE'] ?? '';
  if (address === undefined || address === '') {
    if (profile === '') return null;
    const text = `The Temporal profile "${profile}" (TEMPORAL_PROFILE) names no address.\nFix: add an address to it, set TEMPORAL_ADDRESS, or unset TEMPORAL_PROFILE to use the embedded server.`;
    throw new RootstockError('USAGE', text, { profile });
  }
  return {
    namespace: namespace ?? 'default',
    connectionOptions: {
      address,
      ...(apiKey === undefined || typeof apiKey !== 'string' ? {} : { apiKey }),
      ...(tls === undefined || tls === null ? {} : { tls }),
      ...(metadata === undefined ? {} : { metadata: metadata as Record<string, string> }),
    },
  };
}

function loadProfile(env: NodeJS.ProcessEnv): ClientConnectConfig {
  const set = Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined);
  try {
    return loadClientConnectConfig({ overrideEnvVars: Object.fromEntries(set) });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const text = `The Temporal profile cannot be read: ${why}\nFix: correct the file (TEMPORAL_CONFIG_FILE names it) or TEMPORAL_PROFILE, or unset both to use the embedded server.`;
    throw new RootstockError('USAGE', text, {}, { cause: error });
  }
}
