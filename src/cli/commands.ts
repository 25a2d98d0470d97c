import type { AddCommand } from './add-command.ts';

/** Loads a command's module: what one command needs, zod and Temporal's client among it, is nothing that the others should wait for. */
type LoadCommand = () => Promise<AddCommand>;

/** Every command by its name, in the order of the help. */
const COMMANDS: Readonly<Record<string, LoadCommand>> = {
  run: async () => (await import('./commands/run.ts')).runCommand,
  plan: async () => (await import('./commands/plan.ts')).planCommand,
  list: async () => (await import('./commands/status.ts')).listCommand,
  status: async () => (await import('./commands/status.ts')).statusCommand,
  cancel: async () => (await import('./commands/control.ts')).cancelCommand,
  retry: async () => (await import('./commands/control.ts')).retryCommand,
  abort: async () => (await import('./commands/control.ts')).abortCommand,
  predict: async () => (await import('./commands/predict.ts')).predictCommand,
  evaluate: async () => (await import('./commands/evaluate.ts')).evaluateCommand,
  export: async () => (await import('./commands/export.ts')).exportCommand,
  inspect: async () => (await import('./commands/inspect.ts')).inspectCommand,
  convert: async () => (await import('./commands/convert.ts')).convertCommand,
  worker: async () => (await import('./commands/worker.ts')).workerCommand,
  dev: async () => (await import('./commands/worker.ts')).devCommand,
  gc: async () => (await import('./commands/gc.ts')).gcCommand,
  schema: async () => (await import('./commands/schema.ts')).schemaCommand,
  doctor: async () => (await import('./commands/doctor.ts')).doctorCommand,
};

/** Loads one command, or all of them where `name` names none: help and messages tell of every command. */
export function loadCommands(name?: string): Promise<readonly AddCommand[]> {
  const one = name !== undefined && Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  return Promise.all((one === undefined ? Object.values(COMMANDS) : [one]).map((load) => load()));
}
