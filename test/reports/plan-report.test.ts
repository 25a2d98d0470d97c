import assert from 'node:assert/strict';
import test from 'node:test';
import { formatPlan } from '../../src/reports/plan-report.ts';
import { planOf } from '../plan/runs.ts';

void test('the splits are listed in the order of a run, not in that of the facts', () => {
  const plan = planOf({ datamodule: { train: { batch_size: 10 }, validation: { batch_size: 10 } } });
  const { facts } = plan.data;
  const splits = Object.fromEntries(Object.entries(facts.splits).reverse());
  const turned = { ...plan, data: { ...plan.data, facts: { ...facts, splits } } };
  assert.ok(Object.keys(facts.splits).length > 1);
  assert.equal(formatPlan(turned), formatPlan(plan));
  assert.match(formatPlan(plan), /\ntrain .*\nvalidation /u);
});
