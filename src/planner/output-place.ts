import { checkOutput, type OutputState } from '../artifacts/check-output.ts';
import { requireWritable, toUnwritable } from '../artifacts/writable-output.ts';

/** The place where a run will publish. */
export interface OutputPlace {
  /** To be called when the run digest is known. OUTPUT_UNWRITABLE when an earlier output is there that cannot be replaced. */
  confirm(runDigest: string): Promise<void>;
}

/**
 * Makes sure before anything else that a run can publish at `output`. What this very run has published already will do where it cannot be written
 * again (`publishDirectory`), so it may well be on a read-only disk. Errors: OUTPUT_EXISTS, OUTPUT_UNWRITABLE, STORE_IO.
 */
export async function takeOutput(output: string, runName: string): Promise<OutputPlace> {
  let found: OutputState;
  try {
    found = await checkOutput(output, runName);
  } catch (error) {
    throw toUnwritable(error, output, 'plan');
  }
  if (found.kind === 'free') {
    await requireWritable(output);
    return { confirm: async () => undefined };
  }
  const published = found.manifest['run_digest'];
  return {
    async confirm(runDigest) {
      if (published !== runDigest) await requireWritable(output);
    },
  };
}
