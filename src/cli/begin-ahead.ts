import { setTimeout as sleep } from 'node:timers/promises';
import type { RootstockClient } from '../client/connect.ts';
import type { ConnectingAhead } from '../client/connect-ahead.ts';
import type { GlobalOptions } from './global-options.ts';
import type { Output } from './output.ts';
import type { PreparedWorker } from './prepared-worker.ts';
import { orderWorker } from './worker-process.ts';

/** A start that takes longer than this (a binary that hangs) goes on beside the plan. */
const START_PATIENCE_MS = 500;

/** What begins while a run is planned. */
export interface Ahead {
  /** The run file is in order. Resolves when the server is on its way: planning keeps this thread busy, and everything else waits for the server. */
  readonly begin: () => Promise<void>;
  /** The plan is. */
  finish(): Promise<RootstockClient>;
  /** It is not. */
  leave(): Promise<void>;
}

/** What it works with. */
export interface AheadInput {
  readonly options: GlobalOptions;
  /** Is told what to serve when the server is there. Absent: none is to be told. */
  readonly prepared: PreparedWorker | undefined;
  readonly output: Output;
}

/** Connects, and starts a server where there is none, while the run is planned; a prepared worker connects as soon as the server is there. */
export function beginAhead({ options, prepared, output }: AheadInput): Ahead {
  let orderedFor: string | undefined;
  const onServer = (storeId: string) => {
    if (prepared === undefined) return;
    orderedFor = storeId;
    orderWorker(options, storeId, prepared);
  };
  let connecting: Promise<ConnectingAhead> | undefined;
  const begin = async () => {
    const { connectAhead } = await import('../client/connect-ahead.ts');
    return connectAhead({ stateDir: options.stateDir, onProgress: (text) => output.note(text), onServer });
  };
  return {
    async begin() {
      connecting = begin();
      const underWay = connecting.then((ahead) => ahead.underWay).catch(() => undefined); // `finish` says what is wrong
      const patience = new AbortController();
      await Promise.race([underWay, sleep(START_PATIENCE_MS, undefined, patience).catch(() => undefined)]);
      patience.abort();
    },
    async finish() {
      connecting ??= begin();
      const connected = await (await connecting).finish();
      // Somebody else made the store in the same moment: another worker it is.
      if (orderedFor !== undefined && orderedFor !== connected.store.id) await prepared?.end();
      return connected;
    },
    async leave() {
      await (await connecting?.catch(() => undefined))?.leave();
    },
  };
}
