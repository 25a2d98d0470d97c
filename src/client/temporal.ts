import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

/** Temporal's client. By `require`: for an import Node would read each of its CommonJS files once more, to find the names they export. */
export const temporalClient = require('@temporalio/client') as typeof import('@temporalio/client');

/** What Temporal's packages share. */
export const temporalCommon = require('@temporalio/common') as typeof import('@temporalio/common');
