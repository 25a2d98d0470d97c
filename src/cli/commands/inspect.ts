import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { inspectSafetensors } from '../../artifacts/safetensors/read.ts';
import { SAVED_MODEL_FILES } from '../../planner/saved-model.ts';
import { formatBytes } from '../../reports/format.ts';
import { formatTable } from '../../reports/table.ts';
import { EXIT } from '../exit-codes.ts';
import { createOutput } from '../output.ts';
import type { AddCommand } from '../run-cli.ts';

/** `rootstock inspect PATH`. */
export const inspectCommand: AddCommand = (program, done) => {
  program
    .command('inspect')
    .description('list the tensors of a saved model or a .safetensors file: names, shapes, dtypes, SHA-256 of each')
    .argument('<path>', 'output directory of a run, or a .safetensors file')
    .option('--json', 'print JSON')
    .action(async (path: string, flags: { json?: boolean }) => {
      const output = createOutput(flags.json === true);
      const directory = (await stat(path).catch(() => undefined))?.isDirectory() === true;
      const file = directory ? join(path, SAVED_MODEL_FILES.weights) : path;
      const tensors = await inspectSafetensors(file);
      output.object({ path: file, tensors });
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
