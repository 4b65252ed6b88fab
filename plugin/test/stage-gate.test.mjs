// The validator's expression, over the table in stage-gate.json and over every record in answers.json.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parse } from 'yaml';
import { ExpressionError, evaluate, tokens } from './jira-expression.mjs';

const here = (name) => readFileSync(new URL(name, import.meta.url), 'utf8');
const manifest = parse(here('../manifest.yml'));
const [gate] = manifest.modules['jira:workflowValidator'];
const { cases } = JSON.parse(here('stage-gate.json'));
const answers = JSON.parse(here('answers.json'));
const { stages } = JSON.parse(here('../src/lifecycle.json'));

const context = (config, properties) => ({ config, issue: { properties } });

for (const { name, config, property, answer } of cases) {
  test(`the Stage gate: ${name}`, () => {
    const told = () => evaluate(gate.expression, context(config, property === null ? {} : { stagegate: property }));
    if (answer === null) {
      assert.throws(told, ExpressionError);
    } else {
      assert.equal(told(), answer);
    }
  });
}

for (const [name, { properties }] of Object.entries(answers)) {
  test(`the Stage gate on a record of the lifecycle: ${name}`, () => {
    for (const stage of Object.keys(stages)) {
      const told = evaluate(gate.expression, context({ stage }, properties));
      const reasons = properties.stagegate?.blocked?.[stage] ?? [];
      assert.equal(told === true, reasons.length === 0, stage);
      assert.deepEqual(reasons.filter((reason) => !String(told).includes(reason)), []);
    }
  });
}

test('the expression keeps within the limits that Jira documents: 1,000 characters, 100 leaves', () => {
  assert.ok(gate.expression.length <= 1000, String(gate.expression.length));
  const leaves = tokens(gate.expression).filter(({ kind }) => kind !== 'sign');
  assert.ok(leaves.length <= 100, String(leaves.length));
});

test('the editor shows which stage a rule guards', () => {
  const { expression } = gate.configurationDescription;
  assert.equal(evaluate(expression, { config: { stage: 'launch' } }), 'Guards the way into the stage: launch');
  assert.equal(evaluate(expression, { config: null }), 'Guards the way into the stage: none');
});

const REFUSED = {
  'a member of null': ['a.b', { a: null }],
  'a key that is missing, without ?.': ["a['b']", { a: {} }],
  'a chain behind ?. that found null': ['a?.b.c', { a: null }],
  'a condition that is no boolean': ['a ? 1 : 2', { a: 'yes' }],
  'text and number joined': ["'a' + 1", {}],
  'an operator that the Stage gate does not use': ['a && b', { a: true, b: true }],
  'an unknown method': ["a.join(', ')", { a: ['b'] }],
  'an unknown variable': ['a', {}],
  'a rest': ['1 2', {}],
};
for (const [name, [expression, variables]] of Object.entries(REFUSED)) {
  test(`the evaluator refuses ${name}`, () => {
    assert.throws(() => evaluate(expression, variables), ExpressionError);
  });
}
