import { canonicalJson } from '../contracts/canonical-json.ts';
import { type BlobSection, edge } from './blob-format.ts';
import { bytesOf, type HashedOutput, packIds } from './hashed-output.ts';

/** The ids of rows on their way to the end of a blob. */
export interface RowIds {
  add(ids: readonly (bigint | string)[]): void;
  /** Writes them from the next multiple of 8 on: lengths of texts, then values. */
  writeTo(output: HashedOutput): BlobSection;
}

/** Collects the ids of rows. */
export function collectRowIds(): RowIds {
  const values: Uint8Array[] = [];
  const lengths: Uint8Array[] = [];
  return {
    add(ids) {
      const packed = packIds(ids);
      values.push(packed.bytes);
      if (packed.lengths !== null) lengths.push(bytesOf(packed.lengths));
    },
    writeTo(output) {
      output.add(new Uint8Array((8 - (output.byteLength() % 8)) % 8));
      const offset = output.byteLength();
      for (const part of [...lengths, ...values]) output.add(part);
      return { offset, length: output.byteLength() - offset };
    },
  };
}

/** Ends a blob with its footer as canonical JSON and the last edge. */
export async function writeFooter(output: HashedOutput, footer: object): Promise<{ readonly digest: string; readonly byteLength: number }> {
  const text = new TextEncoder().encode(canonicalJson({ ...footer }));
  output.add(text);
  output.add(edge('tail', text.byteLength));
  await output.flush(0);
  return { digest: output.digest(), byteLength: output.byteLength() };
}
