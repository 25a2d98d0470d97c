import { describeBlocks, describeEmbeddings, forwardBody } from './body.ts';
import type { EgnnBody } from './egnn-family.ts';

/** The module `egnn`: embeddings and blocks, nothing between them. */
export const plainBody: EgnnBody = {
  root: 'egnn',
  shallowEmbeddings: false,
  describe: (path, settings, { shape }) => [...describeEmbeddings(path, settings, shape), ...describeBlocks(path, settings, shape)],
  forward: forwardBody,
};
