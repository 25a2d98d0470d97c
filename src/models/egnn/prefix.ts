import type { GraphFacts, InputFacts } from '../../contracts/graphs.ts';
import type { JsonObject } from '../../contracts/json.ts';
import type { ForwardContext, GraphBatch, GraphOutputs, GraphPrefix, Params, StandsStill } from '../definition.ts';
import { readsEdges } from './heads.ts';
import { readEgnnSettings } from './settings.ts';
import type { EgnnFeatures } from './state.ts';

/** What a forward pass is given. */
export interface ForwardInput {
  readonly params: Params;
  readonly graphs: GraphBatch;
  readonly ctx: ForwardContext;
}

/** The two parts of a model: the body under `root`, and the heads that read its features. */
export interface EgnnParts {
  readonly root: string;
  readonly body: (input: ForwardInput) => EgnnFeatures;
  readonly heads: (input: ForwardInput, features: EgnnFeatures) => GraphOutputs;
}

/** What decides whether the body is a prefix. */
export interface EgnnPrefixInput {
  readonly config: JsonObject;
  readonly facts: InputFacts;
  readonly standsStill: StandsStill;
}

/**
 * The body of an EGNN when all of it stands still and no noise is put on the coordinates: features of nodes [N, c], and of edges [E, c] where
 * a head reads them.
 */
export function egnnPrefix({ root, body, heads }: EgnnParts, { config, facts, standsStill }: EgnnPrefixInput): GraphPrefix | null {
  const jitter = config['jitter'] ?? 0;
  if (!standsStill(root) || jitter !== 0) return null;
  const settings = readEgnnSettings(config);
  const { targets, edgeAttrWidth } = facts.graph as GraphFacts;
  const withEdges = edgeAttrWidth > 0 && readsEdges(settings, { targets });
  const width = settings.hidden;
  return {
    modules: [root],
    encodings: { nodes: { lines: 'node', width }, ...(withEdges ? { edges: { lines: 'edge', width } } : {}) },
    encode(params, graphs, ctx) {
      const { nodeFeats, edgeFeats } = body({ params, graphs, ctx });
      return { nodes: nodeFeats, ...(withEdges && edgeFeats !== null ? { edges: edgeFeats } : {}) };
    },
    decode(params, { nodes, edges }, { graphs, ctx }) {
      if (nodes === undefined) throw new TypeError('the features of nodes were not encoded');
      return heads({ params, graphs, ctx }, { nodeFeats: nodes, edgeFeats: edges ?? null });
    },
  };
}
