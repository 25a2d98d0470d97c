import { formatPlan } from '../../reports/plan-report.ts';
import type { AddCommand } from '../add-command.ts';
import { collect } from '../collect.ts';
import { EXIT } from '../exit-codes.ts';
import { globalOptions } from '../global-options.ts';
import { createOutput } from '../output.ts';
import { planFile } from '../plan-file.ts';

/** `rootstock plan FILE`: shows what a run would do. */
export const planCommand: AddCommand = (program, done) => {
  program
    .command('plan')
    .description(
      'resolve a run file completely and show it: stages, matches, data, every value; trains nothing, writes nothing but the scan cache',
    )
    .argument('<file>', 'run file (YAML or JSON)')
    .option('--set <key=value>', 'override a key of the run file, e.g. --set model.config.trainer.max_epochs=3 (repeatable)', collect)
    .option('--json', 'print the whole plan as JSON')
    .action(async (file: string, options: { set?: readonly string[]; json?: boolean }, command) => {
      const output = createOutput(options.json === true);
      const planned = await planFile(file, { ...globalOptions(command), set: options.set ?? [], output });
      output.object(planned.plan);
      output.line(formatPlan(planned.plan));
      if (planned.child !== null) output.line(`\nFirst runs: ${planned.child.name} (${planned.child.reason})`);
      done(EXIT.done);
    });
};
