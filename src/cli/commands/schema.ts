import { runFileJsonSchema } from '../../config/json-schema.ts';
import { loadModels } from '../../models/load-models.ts';
import type { AddCommand } from '../add-command.ts';
import { EXIT } from '../exit-codes.ts';
import { globalOptions } from '../global-options.ts';

/** `rootstock schema`: the JSON Schema of the run file. */
export const schemaCommand: AddCommand = (program, done) => {
  program
    .command('schema')
    .description('print the JSON Schema of the run file, for editors: # yaml-language-server: $schema=run-file.schema.json')
    .option('--json', 'accepted for symmetry; the schema is JSON already')
    .action(async (_flags: object, command) => {
      process.stdout.write(`${JSON.stringify(runFileJsonSchema(await loadModels(globalOptions(command).register)), null, 2)}\n`);
      done(EXIT.done);
    });
};
