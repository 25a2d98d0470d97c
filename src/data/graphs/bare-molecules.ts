/** The parts of a GraphDataset beside atoms and coordinates, where molecules have none of them. */
export const BARE_MOLECULES = {
  nodeAttrs: new Float32Array(0),
  nodeAttrWidth: 0,
  bonds: null,
  graphAttrs: new Float32Array(0),
  graphAttrWidth: 0,
  totalAtomicEnergy: null,
} as const;
