import { checkOutput } from '../artifacts/check-output.ts';
import { RootstockError } from '../errors.ts';

/** The run digest of what a run of this name published at `output`; undefined when there is nothing of it. */
export async function publishedRunDigest(output: string, runName: string): Promise<string | undefined> {
  try {
    const state = await checkOutput(output, runName);
    const digest = state.kind === 'earlier' ? state.manifest['run_digest'] : undefined;
    return typeof digest === 'string' ? digest : undefined;
  } catch (error) {
    if (error instanceof RootstockError && error.code === 'OUTPUT_EXISTS') return undefined;
    throw error;
  }
}
