import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { readSafetensors } from '../../../src/artifacts/safetensors/read.ts';
import type { GraphHead, InputFacts, NeighbourPlan } from '../../../src/contracts/graphs.ts';
import type { JsonObject } from '../../../src/contracts/json.ts';
import type { Weights } from '../../../src/contracts/tensors.ts';
import type { GraphDataset } from '../../../src/data/dataset.ts';
import type { ForwardContext } from '../../../src/models/definition.ts';
import { createOps } from '../../../src/ops/create-ops.ts';

/** A molecule of the golden files. */
export interface GoldenMolecule {
  readonly mol_id: string;
  readonly physicsml_atom_numbers: readonly number[];
  readonly physicsml_coordinates: readonly (readonly number[])[];
  readonly physicsml_total_atomic_energy?: number;
  readonly targets: Readonly<Record<string, number>>;
}

/** A model_config of the golden files. */
export interface GoldenModelConfig {
  readonly name: string;
  readonly config: JsonObject & {
    readonly x_features: readonly string[];
    readonly datamodule: {
      readonly num_elements: number;
      readonly cut_off: number;
      readonly y_graph_scalars: readonly string[];
      readonly train: { readonly batch_size: number };
    };
  };
}

/** The synthetic golden files of this project, and those of real molecules beside a checkout that has them. */
export const SYNTHETIC = new URL('../../fixtures/golden/', import.meta.url).pathname;
export const QM9 = new URL('../../../../shared/reference/golden/', import.meta.url).pathname;

/** Reads JSON. The files are ours: the caller names the type. */
export function readJson(folder: string, path: string): unknown {
  return JSON.parse(readFileSync(join(folder, path), 'utf8'));
}

/** Reads weights by path. */
export async function readWeights(folder: string, path: string): Promise<Weights> {
  return (await readSafetensors(join(folder, path))).weights;
}

/** Reads tensors by path. */
export async function readParams(folder: string, path: string): Promise<Record<string, tf.Tensor>> {
  const { weights } = await readSafetensors(join(folder, path));
  return Object.fromEntries([...weights].map(([name, { shape, data }]) => [name, tf.tensor(data, [...shape])]));
}

/** Molecules as the data layer holds them; targets of y_graph_scalars. */
export function toDataset(molecules: readonly GoldenMolecule[], { config }: GoldenModelConfig): GraphDataset {
  const offsets = [0];
  for (const molecule of molecules) offsets.push((offsets.at(-1) ?? 0) + molecule.physicsml_atom_numbers.length);
  const columns = config.datamodule.y_graph_scalars;
  return {
    kind: 'graphs',
    rows: molecules.length,
    numElements: config.datamodule.num_elements,
    nodeOffsets: Uint32Array.from(offsets),
    atomNumbers: Int32Array.from(molecules.flatMap(({ physicsml_atom_numbers }) => physicsml_atom_numbers)),
    coordinates: Float32Array.from(molecules.flatMap(({ physicsml_coordinates }) => physicsml_coordinates.flat())),
    nodeAttrs: new Float32Array(0),
    nodeAttrWidth: 0,
    bonds: null,
    graphAttrs: new Float32Array(0),
    graphAttrWidth: 0,
    totalAtomicEnergy: config.x_features.includes('physicsml_total_atomic_energy')
      ? Float32Array.from(molecules, ({ physicsml_total_atomic_energy }) => physicsml_total_atomic_energy ?? Number.NaN)
      : null,
    targets: {
      y_graph_scalars: {
        offsets: Uint32Array.from({ length: molecules.length + 1 }, (_, row) => row),
        width: columns.length,
        values: Float32Array.from(molecules.flatMap(({ targets }) => columns.map((column) => targets[column] ?? Number.NaN))),
      },
    },
    rowId: (row) => molecules[row]?.mol_id ?? String(row),
  };
}

/** What the data of a golden file says about its model. */
export function toFacts({ config }: GoldenModelConfig): InputFacts {
  const { num_elements: numElements, cut_off: cutOff, y_graph_scalars: columns } = config.datamodule;
  return {
    inputWidth: 0,
    outputWidth: columns.length,
    graph: {
      numElements,
      nodeAttrWidth: 0,
      edgeAttrWidth: 0,
      graphAttrWidth: 0,
      hasTotalAtomicEnergy: config.x_features.includes('physicsml_total_atomic_energy'),
      cutOff,
      targets: { y_graph_scalars: columns.length } satisfies Partial<Record<GraphHead, number>>,
    },
  };
}

/** How the golden files find edges. */
export function toNeighbours({ config }: GoldenModelConfig): NeighbourPlan {
  return { cutOff: config.datamodule.cut_off, selfInteraction: false, cell: null };
}

/** A context in eval mode. */
export function evalContext(config: JsonObject, facts: InputFacts): ForwardContext {
  const unexpected = (path: string): never => {
    throw new Error(`unexpected call at ${path}`);
  };
  return {
    config,
    facts,
    ops: createOps(),
    mode: () => 'eval',
    isFrozen: () => false,
    dropoutMask: unexpected,
    noise: unexpected,
    updateBuffer: unexpected,
  };
}
