import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { EXPORT_FORMATS, type ExportFormat, exportModel } from '../../client/export-model.ts';
import { loadModels } from '../../models/load-models.ts';
import { formatBytes, formatNamed } from '../../reports/format.ts';
import { formatTable } from '../../reports/table.ts';
import type { AddCommand } from '../add-command.ts';
import { checkModelConfig } from '../check-model-config.ts';
import { requireOutside } from '../check-out.ts';
import { EXIT } from '../exit-codes.ts';
import { globalOptions } from '../global-options.ts';
import { createOutput } from '../output.ts';

interface ExportFlags {
  readonly format: ExportFormat;
  readonly out: string;
  readonly json?: boolean;
}

/** `rootstock export MODEL`. */
export const exportCommand: AddCommand = (program, done) => {
  program
    .command('export')
    .description(
      'write a saved model in another format; equal models give equal bytes whatever the file is called, and nothing is written over',
    )
    .argument('<model>', 'output directory of a run, directory saved by physicsml or molflux, or a .safetensors, .pt, .pth or .ckpt file')
    .addOption(new Option('--format <format>', 'physicsml, safetensors or torch').choices(EXPORT_FORMATS).makeOptionMandatory())
    .requiredOption(
      '--out <path>',
      'new directory (physicsml), .safetensors file, or .pt or .pth file (torch), in a directory that is there',
    )
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
Formats:
  physicsml    a directory for molflux.core.load_model: model_config.json, featurisation_metadata.json, module_checkpoint.ckpt, and
               requirements.txt with the versions that it was tested with
  safetensors  the tensors alone, for safetensors.torch.load_file
  torch        a state_dict, for torch.load(path, weights_only=True)

Examples:
  rootstock export models/u0 --format physicsml --out u0-physicsml
  rootstock export models/u0 --format torch --out u0.pt
  rootstock export old-checkpoint.ckpt --format safetensors --out old.safetensors`,
    )
    .action(async (model: string, flags: ExportFlags, command: Command) => {
      const output = createOutput(flags.json === true);
      const models = await loadModels(globalOptions(command).register);
      const warnings = await checkModelConfig(resolve(model), models);
      await requireOutside(resolve(flags.out), resolve(model));
      const { out, files, tensors, conversions } = await exportModel({ model, format: flags.format, out: flags.out, models });
      output.object({ event: 'exported', format: flags.format, out, tensors, files, conversions, warnings });
      for (const text of warnings) output.note(`Warning: ${text}`);
      for (const text of conversions) output.note(`Converted ${text}`);
      output.line(`Wrote ${formatNamed(tensors, 'tensor')} as ${flags.format}: ${flags.out}`);
      const rows = files.map(({ path, byteLength, sha256 }) => [path, formatBytes(byteLength), sha256.slice(0, 16)]);
      output.line(formatTable(['file', 'size', 'sha256'], rows));
      done(EXIT.done);
    });
};
