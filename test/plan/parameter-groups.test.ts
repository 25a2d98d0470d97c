import assert from 'node:assert/strict';
import test from 'node:test';
import { layerDepths } from '../../src/plan/layer-depth.ts';
import { mlp, tree } from '../transfer/trees.ts';
import { codesOf, failureOf, stageOf, type Variation } from './runs.ts';

/** Paths module.0, module.2, module.4, each with weight and bias. */
const NET: Variation = { model: { tree: mlp(2, 3, 3, 1) }, preTrainedTree: mlp(2, 3, 3, 1) };
const groupsOf = (optimizer: Variation['optimizer'], more: Variation = {}) =>
  stageOf({ ...NET, ...more, optimizer: optimizer ?? {} }).optimizer.groups;
const brief = (groups: ReturnType<typeof groupsOf>) => groups?.map(({ paths, config }) => [paths, config['lr'], config['weight_decay']]);

void test('an entry of param_groups has its own arguments and the rest of the optimizer’s; its config is complete', () => {
  const optimizer = {
    name: 'AdamW',
    config: { lr: 0.1, betas: [0.5, 0.6] },
    param_groups: [{ params: ['module.4'], lr: 0.01, amsgrad: true, foreach: false }],
  };
  const plan = stageOf({ ...NET, optimizer }).optimizer;
  assert.deepEqual(plan.groups, [{ paths: ['module.4.bias', 'module.4.weight'], config: { ...plan.config, lr: 0.01, amsgrad: true } }]);
  assert.deepEqual(plan.config['betas'], [0.5, 0.6]);
});

void test('names of modules, of parameters and globs over both name parameters', () => {
  const named = (name: string) => groupsOf({ config: { lr: 1 }, param_groups: [{ params: [name], lr: 2 }] })?.[0]?.paths;
  assert.deepEqual(named('module.0.bias'), ['module.0.bias']);
  assert.deepEqual(named('**.bias'), ['module.0.bias', 'module.2.bias', 'module.4.bias']);
  assert.deepEqual(named('module.*'), named('module'));
  assert.equal(named('module')?.length, 6);
});

void test('a parameter in two entries is an error that names it and both entries', () => {
  const param_groups = [{ params: ['module.0'], lr: 1 }, { params: ['module.4'] }, { params: ['**.bias'] }];
  const error = failureOf({ ...NET, optimizer: { param_groups } });
  assert.equal(error.code, 'STAGE_INVALID');
  assert.match(error.message, /optimizer\.param_groups\.2\.params: module\.0\.bias are in entry 0 of param_groups and in entry 2/u);
  assert.equal(codesOf(error).length, 2);
});

void test('a name that means nothing, or only frozen parameters, is an error at its place with what is near', () => {
  const optimizer = {
    name: 'AdamW',
    param_groups: [{ params: ['modul.0', 'module.2'], lr: 1 }],
    no_weight_decay: ['module.0.*', 'norm.**'],
  };
  const error = failureOf({ ...NET, optimizer, stages: [{ freeze_modules: ['module.0', 'module.2'] }] });
  assert.deepEqual(codesOf(error), ['MODULE_NOT_FOUND', 'MODULE_NOT_FOUND', 'MODULE_NOT_FOUND', 'MODULE_NOT_FOUND']);
  assert.match(error.message, /param_groups\.0\.params\.0: the model has no module or parameter "modul\.0" \(did you mean "module\.0"/u);
  assert.match(error.message, /param_groups\.0\.params\.1: "module\.2" names only parameters that are frozen in this stage/u);
  assert.match(error.message, /no_weight_decay\.0: "module\.0\.\*" names only parameters that are frozen/u);
  assert.match(error.message, /no_weight_decay\.1: "norm\.\*\*" matches no module and no parameter/u);
});

void test('a stage may clear the groups of the base', () => {
  const optimizer = { param_groups: [{ params: ['module.0'], lr: 1 }] };
  assert.equal(
    stageOf({ ...NET, optimizer, stages: [{ freeze_modules: ['module.0'], optimizer: { param_groups: null } }] }).optimizer.groups,
    undefined,
  );
});

void test('layer_decay multiplies the learning rate once per block between a parameter and the output, whoever gave it', () => {
  const groups = groupsOf({ name: 'SGD', config: { lr: 8 }, layer_decay: 0.5, param_groups: [{ params: ['module.0.bias'], lr: 100 }] });
  assert.deepEqual(brief(groups), [
    [['module.0.bias'], 25, 0],
    [['module.0.weight'], 2, 0],
    [['module.2.bias', 'module.2.weight'], 4, 0],
  ]);
});

void test('depths do not depend on what is frozen, and layer_decay 1 changes nothing', () => {
  const frozen = groupsOf({ name: 'SGD', config: { lr: 8 }, layer_decay: 0.5 }, { stages: [{ freeze_modules: ['module.2'] }] });
  assert.deepEqual(brief(frozen), [[['module.0.bias', 'module.0.weight'], 2, 0]]);
  assert.equal(groupsOf({ layer_decay: 1 }), undefined);
});

void test('blocks are numbered modules among the first three names, their unnumbered neighbours, and else top-level modules', () => {
  const paths = [
    'z_0k',
    'egnn.egnn_embedding_block.phi_e.module.0.weight',
    'egnn.egnn_blocks.0.phi_e.module.0.weight',
    'egnn.egnn_blocks.0.phi_n.module.2.weight',
    'egnn.egnn_blocks.1.phi_e.module.0.weight',
    'norm.weight',
    'head.out.weight',
    'head.out.bias',
  ];
  const depths = layerDepths(tree(Object.fromEntries(paths.map((path) => [path, [1]]))));
  assert.deepEqual(
    paths.map((path) => depths.get(path)),
    [5, 4, 3, 3, 2, 1, 0, 0],
  );
});

void test('no_weight_decay true spares biases and one-dimensional parameters, a list what it names; it wins over param_groups', () => {
  const optimizer = { name: 'AdamW', config: { lr: 1, weight_decay: 0.3 } };
  assert.deepEqual(brief(groupsOf({ ...optimizer, no_weight_decay: true })), [[['module.0.bias', 'module.2.bias', 'module.4.bias'], 1, 0]]);
  const param_groups = [{ params: ['module.4'], weight_decay: 0.7 }];
  assert.deepEqual(brief(groupsOf({ ...optimizer, param_groups, no_weight_decay: ['module.4.bias'] })), [
    [['module.4.bias'], 1, 0],
    [['module.4.weight'], 1, 0.7],
  ]);
  for (const off of [false, null]) assert.equal(groupsOf({ ...optimizer, no_weight_decay: off }), undefined);
});

void test('parameters with equal arguments are one group, and groups that change nothing are none', () => {
  const param_groups = [{ params: ['module.0'], lr: 0.5 }, { params: ['module.4'], lr: 0.5 }, { params: ['module.2'] }];
  assert.deepEqual(
    groupsOf({ config: { lr: 1 }, param_groups })?.map(({ paths }) => paths.length),
    [4],
  );
});

void test('rates of single groups under a schedule that replaces them all are refused', () => {
  const error = failureOf({
    ...NET,
    optimizer: { layer_decay: 0.5 },
    scheduler: { name: 'OneCycleLR', config: { max_lr: 1, total_steps: 'num_steps' } },
  });
  assert.match(error.message, /scheduler\.name: OneCycleLR replaces the learning rate of every parameter group/u);
});
