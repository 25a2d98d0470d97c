import { BLOB_VERSION, type BlobFooter, EDGE_BYTES, MAGIC, type ReadableBlob } from './blob-format.ts';
import { corrupt, expectLength, readBytes, readInto, readRowIds, textOf, viewOf } from './blob-reader.ts';
import type { Dataset } from './dataset.ts';
import type { MoleculeFooter } from './graphs/molecule-format.ts';
import { openMolecules } from './graphs/open-molecules.ts';

/**
 * Opens a materialised split: its numbers are read straight into the arrays that are given out. Does not close the blob.
 * Fails with ARTIFACT_CORRUPT when the bytes are not a blob of this format and version.
 */
export async function openDataset(blob: ReadableBlob): Promise<Dataset> {
  const footer = await readFooter(blob);
  if (footer.format === 'rootstock-molecules') return openMolecules(blob, footer);
  const { rows, width, targets, sections } = footer;
  const isClasses = targets.kind === 'classes';
  const targetWidth = isClasses ? 1 : targets.names.length;
  expectLength('x', sections.x, rows * width * 4);
  expectLength('y', sections.y, rows * targetWidth * 4);
  const x = new Float32Array(rows * width);
  const y = isClasses ? new Int32Array(rows) : new Float32Array(rows * targetWidth);
  await readInto(blob, sections.x, x);
  await readInto(blob, sections.y, y);
  const rowId = await readRowIds(blob, { rows, kind: footer.row_ids, section: sections.row_ids });
  return { kind: 'features', rows, width, x, y, targetWidth, rowId };
}

/** Reads and checks the description at the end of a blob. Fails with ARTIFACT_CORRUPT. */
export async function readFooter(blob: ReadableBlob): Promise<BlobFooter | MoleculeFooter> {
  if (blob.byteLength < 2 * EDGE_BYTES) throw corrupt(`is ${blob.byteLength} bytes long`);
  const head = await readBytes(blob, 0, EDGE_BYTES);
  const tail = await readBytes(blob, blob.byteLength - EDGE_BYTES, EDGE_BYTES);
  if (textOf(head.subarray(0, 8)) !== MAGIC || textOf(tail.subarray(8)) !== MAGIC) throw corrupt(`does not begin and end with ${MAGIC}`);
  const version = viewOf(head).getUint32(8, true);
  if (version !== BLOB_VERSION) throw corrupt(`has version ${version}; this Rootstock reads version ${BLOB_VERSION}`);
  const length = viewOf(tail).getUint32(0, true);
  const start = blob.byteLength - EDGE_BYTES - length;
  if (start < EDGE_BYTES) throw corrupt(`says its description is ${length} bytes long, more than there is`);
  const footer = parseFooter(textOf(await readBytes(blob, start, length)));
  for (const [name, { offset, length: size }] of Object.entries(footer.sections)) {
    if (offset < EDGE_BYTES || size < 0 || offset + size > start) throw corrupt(`has its section ${name} outside`);
  }
  return footer;
}

/** The digest of a blob is checked by the store, so this only has to tell "another kind of blob" from ours. */
function parseFooter(text: string): BlobFooter | MoleculeFooter {
  try {
    const footer = JSON.parse(text) as BlobFooter | MoleculeFooter;
    if (footer.format === 'rootstock-molecules' && Number.isSafeInteger(footer.rows) && Array.isArray(footer.blocks)) return footer;
    if (footer.format === 'rootstock-data' && Number.isSafeInteger(footer.rows) && Number.isSafeInteger(footer.width)) return footer;
  } catch (error) {
    throw corrupt(`has a description that is not JSON (${String(error)})`);
  }
  throw corrupt('has a description of another format');
}
