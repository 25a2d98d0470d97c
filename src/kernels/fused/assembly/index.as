// The kernels of src/kernels/fused, compiled by ops/fused-kernels.mjs. Pointers are byte offsets into tfjs's memory. Nothing is allocated here,
// and there is no relaxed SIMD: every engine gives the same bits.
export { activationGradient, prepare, tableBytes } from './activations';
export { edgeCombine, gatherRows } from './edges';
export { edgeVectors, lengths, lengthsGradient } from './geometry';
export { linear } from './linear';
export { multiply } from './multiply';
export { clear, copyColumns, copyPadded, copyTransposed, pack } from './pack';
export { addGatedToSegments, addToSegments, gatedGradients, gatedRows, gatedSegmentSum, rowProducts, segmentSum } from './segments';
export { addColumnSums, addTransposedProducts, columnSum } from './transposed-multiply';
