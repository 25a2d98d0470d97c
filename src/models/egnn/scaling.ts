/** What is wrong with a scaling_std of 0. */
export const SCALES_NOTHING =
  'expected a number other than 0: outputs are multiplied by it, so that every prediction would be scaling_mean and nothing could be trained';

/** Whether a scaling_std leaves something of the outputs, in float32. physicsml takes 0, too; a negative one only turns their sign round. */
export function scales(value: number): boolean {
  return Math.fround(value) !== 0;
}
