import type { Tensor } from '@tensorflow/tfjs-core';
import { FUSED_ACTIVATIONS } from './activation.ts';
import { type GatedLayer, type ParameterNames, parameterNames, sizesOf } from './gated-chain.ts';
import { countPlaces, wholeVectors } from './runtime.ts';
import { paddedFloats, weightSumsFloats } from './weight-sums.ts';

/** Layers over rows, and layers over the sums of their outputs. */
export interface SegmentNetwork {
  readonly before: readonly GatedLayer[];
  readonly after: readonly GatedLayer[];
}

/** A layer in numbers. Places in working memory are bytes from its begin. */
export interface LayerPlan {
  /** What its parameters are called among the inputs of the operation. */
  readonly names: ParameterNames;
  /** Position among all layers. */
  readonly position: number;
  readonly outputs: number;
  readonly inputs: number;
  /** The number of its activation. */
  readonly kind: number;
  readonly frozen: boolean;
  readonly hasBias: boolean;
  /** Forward: the weight as products read it, [inputs + 1, whole vectors of outputs]. */
  readonly packed: number;
  /** On the way back: the same the other way round, and the sums of both gradients. */
  readonly back: { readonly packed: number; readonly weightSums: number; readonly biasSums: number };
}

/** What a network of a structure needs to know of itself, whatever its weights are and however many rows come. */
export interface SegmentPlan {
  /** Over each row. */
  readonly rows: readonly LayerPlan[];
  /** A last layer over rows without activation is linear, so that it runs on the sums: W (sum of x) + b (rows). Null: there is none. */
  readonly folded: LayerPlan | null;
  /** Over each sum. */
  readonly sums: readonly LayerPlan[];
  /** How many layers stand before the sums, the folded one included. */
  readonly layersBefore: number;
  /** The last of each; null: there is none. */
  readonly lastRow: LayerPlan | null;
  readonly lastSum: LayerPlan | null;
  /** All of them in order. */
  readonly all: readonly LayerPlan[];
  /** The inputs that gradients may be asked of, by name, `x` and the parameters of layers that are not frozen: an object to be copied and filled. */
  readonly inputs: Readonly<Record<string, Tensor | null>>;
  /** Whether anything up to the folded layer is trained. */
  readonly trainsRows: boolean;
  readonly widest: number;
  /** Forward: where the folded bias is packed, and floats of working memory in all. */
  readonly foldedBias: number;
  readonly forwardFloats: number;
  /** On the way back: where a chunk is padded, the sums of the folded bias, and floats in all. */
  readonly padded: number;
  readonly foldedBiasSums: number;
  readonly backwardFloats: number;
}

/** Plans by what decides them. Heads have a few structures, each for every step. */
const plans = new Map<string, SegmentPlan>();

/** The plan of the last network, which mostly is that of the next one: comparing it takes less time than a key of text. */
let newest: SegmentPlan | null = null;

/** Plans a network, once for all of its structure. */
export function segmentPlan(network: SegmentNetwork): SegmentPlan {
  if (newest === null || !isOf(newest, network)) newest = knownPlan(network);
  return newest;
}

function isOf({ all, layersBefore }: SegmentPlan, { before, after }: SegmentNetwork): boolean {
  if (layersBefore !== before.length || all.length !== before.length + after.length) return false;
  for (const { position, outputs, inputs, kind, frozen, hasBias } of all) {
    const layer = (position < before.length ? before[position] : after[position - before.length]) as GatedLayer;
    const { weight, bias, activation } = layer;
    if (weight.shape[0] !== outputs || weight.shape[1] !== inputs || FUSED_ACTIVATIONS[activation] !== kind) return false;
    if (layer.frozen !== frozen || (bias !== null) !== hasBias) return false;
  }
  return true;
}

function knownPlan({ before, after }: SegmentNetwork): SegmentPlan {
  let key = '';
  for (const layer of before) key += keyOf(layer);
  key += '|';
  for (const layer of after) key += keyOf(layer);
  let plan = plans.get(key);
  if (plan === undefined) plans.set(key, (plan = planOf({ before, after })));
  return plan;
}

function keyOf(layer: GatedLayer): string {
  const { weight, bias, activation, frozen } = layer;
  return `${weight.shape[0]},${weight.shape[1]},${activation},${frozen ? 1 : 0}${bias === null ? 0 : 1};`;
}

function planOf({ before, after }: SegmentNetwork): SegmentPlan {
  const [forward, backward] = [countPlaces(), countPlaces()];
  const plan = (part: string, index: number, layer: GatedLayer): LayerPlan => {
    const [outputs, inputs] = sizesOf(layer);
    return {
      names: parameterNames(part + String(index)),
      position: part === 'before' ? index : before.length + index,
      outputs,
      inputs,
      kind: FUSED_ACTIVATIONS[layer.activation],
      frozen: layer.frozen,
      hasBias: layer.bias !== null,
      packed: forward.take((inputs + 1) * wholeVectors(outputs)),
      back: {
        packed: backward.take((outputs + 1) * wholeVectors(inputs)),
        weightSums: backward.take(weightSumsFloats(outputs, inputs)),
        biasSums: backward.take(outputs),
      },
    };
  };
  const first = before.map((layer, index) => plan('before', index, layer));
  const sums = after.map((layer, index) => plan('after', index, layer));
  const last = first.at(-1);
  const folded = last?.kind === FUSED_ACTIVATIONS.Identity ? last : null;
  const all = [...first, ...sums];
  const widest = Math.max(0, ...all.flatMap(({ outputs, inputs }) => [outputs, inputs]));
  const places = {
    foldedBias: forward.take(2 * wholeVectors(folded?.outputs ?? 0)),
    padded: backward.take(paddedFloats(widest, widest)),
    foldedBiasSums: backward.take(folded === null ? 0 : weightSumsFloats(folded.outputs, 1)),
  };
  const rows = folded === null ? first : first.slice(0, -1);
  return {
    rows,
    folded,
    sums,
    layersBefore: first.length,
    lastRow: rows.at(-1) ?? null,
    lastSum: sums.at(-1) ?? null,
    all,
    inputs: inputsOf(all),
    trainsRows: first.some(({ frozen }) => !frozen),
    widest,
    ...places,
    forwardFloats: forward.floats(),
    backwardFloats: backward.floats(),
  };
}

function inputsOf(layers: readonly LayerPlan[]): SegmentPlan['inputs'] {
  const inputs: Record<string, Tensor | null> = { x: null };
  for (const { names, frozen, hasBias } of layers) {
    if (frozen) continue;
    inputs[names.weight] = null;
    if (hasBias) inputs[names.bias] = null;
  }
  return inputs;
}
