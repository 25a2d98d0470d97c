import { createHash } from 'node:crypto';
import { canonicalJson } from '../contracts/canonical-json.ts';
import { checkDigest } from './fs-layout.ts';

/** Name of a document of one stage key: `stages/<key>/<what>`. USAGE when the key is not a SHA-256. */
export function stageName(key: string, what: string): string {
  checkDigest(key);
  return `stages/${key}/${what}`;
}

/** Name of the pointer from a run's stage to its newest stage key. Run and stage names are any text, so they are hashed. */
export function stageIndexName(runName: string, stage: string): string {
  return `stage-index/${createHash('sha256')
    .update(canonicalJson([runName, stage]))
    .digest('hex')}`;
}
