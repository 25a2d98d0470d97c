/** Who may import whom: ARCHITECTURE.md's table, enforced. Keys are folders; values list the folders they may import besides themselves. */
const base = ['contracts', 'errors', 'random'];
const allowed = {
  contracts: ['errors'],
  random: [],
  config: base,
  transfer: base,
  convert: [...base, 'config'],
  plan: [...base, 'config', 'transfer', 'models'],
  kernels: base,
  ops: [...base, 'kernels'],
  models: [...base, 'ops'],
  model: [...base, 'models', 'ops'],
  training: [...base, 'transfer', 'models', 'ops', 'kernels', 'data', 'artifacts'],
  files: base,
  molecules: base,
  data: [...base, 'files', 'molecules'],
  processes: base,
  artifacts: [...base, 'processes'],
  reports: base,
  server: [...base, 'files', 'processes'],
  planner: [...base, 'config', 'plan', 'transfer', 'models', 'kernels', 'data', 'artifacts'],
  'trainer-client': base,
  'trainer-process': [...base, 'transfer', 'models', 'ops', 'kernels', 'training', 'data', 'artifacts'],
  worker: [...base, 'trainer-client', 'models', 'data', 'artifacts', 'server', 'activities', 'workflows'],
  client: [...base, 'config', 'plan', 'planner', 'transfer', 'models', 'data', 'artifacts', 'reports', 'server', 'worker', 'workflows'],
  cli: [
    ...base,
    'config',
    'convert',
    'plan',
    'planner',
    'trainer-client',
    'kernels',
    'models',
    'data',
    'artifacts',
    'reports',
    'server',
    'client',
    'worker',
  ],
};
const place = (folder) =>
  folder === 'errors' || folder === 'model'
    ? `^src/${folder}\\.ts$`
    : folder === 'workflows' || folder === 'activities'
      ? `^${folder}/`
      : `^src/${folder}/`;
const rule = (folder, targets) => ({
  name: `${folder}-imports`,
  severity: 'error',
  from: { path: place(folder) },
  to: { path: '^(src|workflows|activities)/', pathNot: [place(folder), ...targets.map(place)] },
});
const external = (name, from, modules) => ({ name, severity: 'error', from, to: { path: `node_modules/(${modules})` } });
module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: { path: '^(src|workflows|activities)/' }, to: { circular: true } },
    ...Object.entries(allowed).map(([folder, targets]) => rule(folder, targets)),
    rule('workflows', base),
    rule('activities', [...base, 'config', 'plan', 'planner', 'trainer-client', 'transfer', 'models', 'data', 'artifacts']),
    external(
      'tensors-stay-in-the-trainer',
      { path: '^(src|workflows|activities)/', pathNot: '^src/(ops|kernels|models|training|trainer-process)/' },
      '@tensorflow',
    ),
    {
      name: 'nothing-imports-the-trainer-process',
      severity: 'error',
      from: { pathNot: '^src/trainer-process/' },
      to: { path: '^src/trainer-process/' },
    },
    external(
      'workflows-are-pure',
      { path: '^workflows/' },
      'zod|yaml|@tensorflow|@duckdb|@temporalio/(client|worker|activity|testing|envconfig)',
    ),
    { name: 'workflows-do-no-io', severity: 'error', from: { path: '^workflows/' }, to: { dependencyTypes: ['core'] } },
    {
      // Types of tfjs and zod are all that it has of packages; test/api/package.test.ts holds what loads to that.
      name: 'the-model-entry-is-light',
      severity: 'error',
      from: { path: '^src/model\\.ts$' },
      to: { path: 'node_modules/(@temporalio|@duckdb|commander|yaml|protobufjs)', reachable: true },
    },
    {
      name: 'pure-folders-do-no-io',
      severity: 'error',
      from: { path: '^src/(contracts|random|config|convert|transfer|plan)/' },
      to: { dependencyTypes: ['core'], pathNot: '^(node:)?crypto$' },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'require', 'node', 'default', 'types'] },
  },
};
