import { findSavedModel } from '../../artifacts/saved-model/place.ts';
import { inspectWeights } from '../../artifacts/saved-model/read.ts';
import { formatBytes } from '../../reports/format.ts';
import { formatTable } from '../../reports/table.ts';
import type { AddCommand } from '../add-command.ts';
import { EXIT } from '../exit-codes.ts';
import { createOutput } from '../output.ts';

/** `rootstock inspect PATH`. */
export const inspectCommand: AddCommand = (program, done) => {
  program
    .command('inspect')
    .description('list the tensors of a saved model: names, shapes, dtypes, SHA-256 of each')
    .argument('<path>', 'output directory of a run, directory saved by physicsml or molflux, or a .safetensors, .pt, .pth or .ckpt file')
    .option('--json', 'print JSON')
    .action(async (path: string, flags: { json?: boolean }) => {
      const output = createOutput(flags.json === true);
      const place = await findSavedModel(path);
      const tensors = await inspectWeights(place);
      output.object({ path: place.weights, tensors });
      const rows = tensors.map(({ name, shape, dtype, byteLength, sha256 }) => [
        name,
        `[${shape.join(', ')}]`,
        dtype,
        formatBytes(byteLength),
        sha256.slice(0, 16),
      ]);
      output.line(formatTable(['tensor', 'shape', 'dtype', 'size', 'sha256'], rows));
      done(EXIT.done);
    });
};
