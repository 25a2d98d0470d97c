import type { Tensor } from '@tensorflow/tfjs-core';
import type { TensorSpec } from '../../contracts/tensors.ts';
import type { GraphBatch } from '../definition.ts';
import { enter, joinPath, type Scope } from '../nn/scope.ts';
import {
  describeEdgeOperation,
  type EdgeShape,
  type EdgesAt,
  forwardEdgeOperation,
  messageInput,
  readMessageLayers,
} from './edge-operation.ts';
import { describeMlp, forwardMlp, type MlpShape } from './mlp.ts';
import { describeNodeOperation, gatherMessages, moveAtoms, readAttention, renewNodes } from './node-operation.ts';
import type { EgnnSettings } from './settings.ts';
import { type EgnnState, placeAtoms } from './state.ts';

/** What a body is built for. */
export interface BodyShape extends EdgeShape {
  /** Values per atom and per edge; no edge features: 0. */
  readonly nodeWidth: number;
  readonly edgeWidth: number;
  /** Linear modules of the embeddings: num_layers_phi, but 2 in the adapter and SSF models. */
  readonly numLayersEmbedding: number;
}

/** A pass over a body. */
export interface BodyPass {
  readonly graphs: GraphBatch;
  readonly coordinates: Tensor;
  readonly numLayersEmbedding: number;
  /** Whether the heads read edge features, so that the last block has to renew them. */
  readonly readsEdges: boolean;
  /** What is made of node features [N, c] in front of a block for `afterBlock`; absent: the features themselves. */
  readonly beforeBlock?: (position: number, before: Tensor) => Tensor;
  /** Node features behind a block, from what `beforeBlock` made and the block's own: [N, c] each. Position 0 is the embedding block. Absent: the block's own. */
  readonly afterBlock?: (position: number, before: Tensor, after: Tensor) => Tensor;
}

/** Describes the embeddings of nodes and edges. */
export function describeEmbeddings(path: string, settings: EgnnSettings, shape: BodyShape): readonly TensorSpec[] {
  const embedding = embeddingShape(settings, shape.numLayersEmbedding);
  const describe = (name: string, inFeatures: number) => describeMlp(joinPath(path, name), settings, { ...embedding, inFeatures });
  return [...describe('embed_nodes', shape.nodeWidth), ...(shape.hasEdgeFeatures ? describe('embed_edges', shape.edgeWidth) : [])];
}

/** Describes the blocks: egnn_embedding_block, then egnn_blocks.0 .. num_layers - 1. */
export function describeBlocks(path: string, settings: EgnnSettings, shape: EdgeShape): readonly TensorSpec[] {
  return blockNames(settings).flatMap((name) => [
    ...describeEdgeOperation(joinPath(joinPath(path, name), 'edge_op'), settings, shape),
    ...describeNodeOperation(joinPath(joinPath(path, name), 'node_op'), settings),
  ]);
}

/** Computes embeddings and blocks: features of nodes [N, c] and edges [E, c]. Edge features that nothing reads are left as they were. */
export function forwardBody(scope: Scope, settings: EgnnSettings, pass: BodyPass): EgnnState {
  let state = embed(scope, settings, pass);
  const names = blockNames(settings);
  for (const [position, name] of names.entries()) {
    const before = pass.beforeBlock?.(position, state.nodeFeats) ?? state.nodeFeats;
    const isRead = position < names.length - 1 || pass.readsEdges;
    const after = forwardBlock(enter(scope, name), settings, { state, graphs: pass.graphs, renewsEdges: isRead });
    state = pass.afterBlock === undefined ? after : { ...after, nodeFeats: pass.afterBlock(position, before, after.nodeFeats) };
  }
  return state;
}

function embed(scope: Scope, settings: EgnnSettings, { graphs, coordinates, numLayersEmbedding }: BodyPass): EgnnState {
  const shape = embeddingShape(settings, numLayersEmbedding);
  return {
    nodeFeats: forwardMlp(enter(scope, 'embed_nodes'), settings, shape, graphs.nodeAttrs), // [N, c]
    edgeFeats: graphs.edgeAttrs === null ? null : forwardMlp(enter(scope, 'embed_edges'), settings, shape, graphs.edgeAttrs), // [E, c]
    ...placeAtoms(scope.ctx.ops, coordinates, graphs),
  };
}

interface BlockPass {
  readonly state: EgnnState;
  readonly graphs: GraphBatch;
  readonly renewsEdges: boolean;
}

function forwardBlock(scope: Scope, settings: EgnnSettings, { state, graphs, renewsEdges }: BlockPass): EgnnState {
  const [edgeScope, nodeScope] = [enter(scope, 'edge_op'), enter(scope, 'node_op')];
  const { nodeFeats, edgeFeats } = state;
  const renews = edgeFeats !== null && renewsEdges;
  if (!renews && !settings.modifyCoords) {
    const gathered = gatherUnseenMessages(scope, settings, { state, graphs });
    return { ...state, nodeFeats: renewNodes(nodeScope, settings, nodeFeats, gathered) };
  }
  const { messages, renewEdges } = forwardEdgeOperation(edgeScope, settings, { state, graphs });
  const gathered = gatherMessages(nodeScope, settings, messages, graphs.edgeIndex[0]);
  return {
    ...state,
    edgeFeats: renews ? renewEdges() : edgeFeats,
    nodeFeats: renewNodes(nodeScope, settings, nodeFeats, gathered),
    ...(settings.modifyCoords ? moveAtoms(nodeScope, settings, { state, messages, graphs }) : {}),
  };
}

/** Gathers messages that nothing else reads, [N, c], so that a backend need not hold all of them at once. */
function gatherUnseenMessages(scope: Scope, settings: EgnnSettings, at: EdgesAt): Tensor {
  const [edgeScope, nodeScope] = [enter(scope, 'edge_op'), enter(scope, 'node_op')];
  const messageLayers = readMessageLayers(edgeScope, settings, at.state);
  const gate = readAttention(nodeScope, settings);
  if (messageLayers !== null && gate !== null) {
    return scope.ctx.ops.gatedEdgeSum(messageInput(edgeScope, settings, at), { messages: messageLayers, gate });
  }
  const { messages } = forwardEdgeOperation(edgeScope, settings, at);
  return gatherMessages(nodeScope, settings, messages, at.graphs.edgeIndex[0]);
}

/** How many blocks there are, the embedding block included. */
export function blockCount(settings: EgnnSettings): number {
  return blockNames(settings).length;
}

function blockNames({ numLayers }: EgnnSettings): readonly string[] {
  return ['egnn_embedding_block', ...Array.from({ length: numLayers }, (_, index) => `egnn_blocks.${index}`)];
}

function embeddingShape({ hidden, mlpOutputActivation }: EgnnSettings, numLayers: number): MlpShape {
  return { inFeatures: hidden, outFeatures: hidden, numLayers, outputActivation: mlpOutputActivation };
}
