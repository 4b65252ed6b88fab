// The panel's model, over Jira's answers with records that the lifecycle itself wrote.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { panel } from '../src/model.js';

const read = (name) => JSON.parse(readFileSync(new URL(name, import.meta.url), 'utf8'));
const answers = read('answers.json');
const lifecycle = read('../src/lifecycle.json');
const shown = (name, changes = {}) => panel({ ...answers[name], ...changes }, lifecycle);
const keys = ({ missing }) => missing.flat().flatMap(({ key }) => key ?? []);
const text = (parts) => parts.map((part) => part.key ?? part.text).join('');

test('an open gate', () => {
  const { since, ...rest } = shown('open');
  assert.match(since, /^2026-03-02T15:00:00/);
  assert.deepEqual(rest, {
    kind: 'managed', stage: 'Discovery', next: 'Requirements', gate: 'open', missing: [],
    round: null, slot: null, fees: null, stale: null,
  });
});

test('a gate that is closed for three reasons, each with a link to its sub-task', () => {
  const found = shown('closed for three reasons');
  assert.deepEqual([found.stage, found.next, found.gate], ['Development', 'Certification', 'closed']);
  const named = answers['closed for three reasons'].properties.stagegate.blocked.certification;
  assert.equal(named.length, 3);
  assert.deepEqual(keys(found), named.map((reason) => reason.match(/^INT-\d+/)[0]));
  assert.deepEqual(found.missing.map(text), answers['closed for three reasons'].properties.stagegate.blocked.certification);
});

test('round 4 ahead: fees may apply, no slot yet', () => {
  const { round, slot, fees, gate } = shown('round 4 ahead');
  assert.deepEqual({ round, slot, fees, gate }, {
    round: { number: 4, state: 'ahead' }, slot: null, fees: 'May apply', gate: 'closed',
  });
});

test('round 4 with fees agreed', () => {
  const { round, slot, fees } = shown('round 4 with fees');
  assert.deepEqual({ round, slot, fees }, { round: { number: 4, state: 'begun' }, slot: '2026-03-09', fees: 'Agreed' });
});

test('where the site has other names, slot and fees are told by the record', () => {
  const { slot, fees } = shown('round 4 with fees', { names: {} });
  assert.deepEqual({ slot, fees }, { slot: '2026-03-09', fees: 'May apply' });
});

test('a live project has no next stage, and tells of its last round', () => {
  const { stage, next, gate, round, missing } = shown('live');
  assert.deepEqual({ stage, next, gate, round, missing }, {
    stage: 'Live', next: null, gate: null, round: { number: 1, state: 'certified' }, missing: [],
  });
});

test('an issue without a record is unmanaged', () => {
  assert.deepEqual(shown('never looked at'), { kind: 'unmanaged' });
});

test("a clone, which carries another issue's record, is unmanaged", () => {
  assert.deepEqual(shown('a clone'), { kind: 'unmanaged' });
});

for (const [name, property] of Object.entries({
  'of a later version': { version: 2, issue: '10000', accepted: [['live', '2026-03-02T15:00:00Z', '1']] },
  'without a stage': { version: 1, issue: '10000', accepted: [] },
  'that is no object': 'spoilt',
  'that is null': null,
})) {
  test(`a record ${name} is none`, () => {
    assert.deepEqual(shown('open', { properties: { stagegate: property } }), { kind: 'unmanaged' });
  });
}

test('a status of another stage is stale: moved, and not answered yet', () => {
  const found = shown('moved, not answered yet');
  assert.deepEqual(found.stale, { status: 'Certification', asked: 'Certification' });
  assert.equal(found.stage, 'Development');
});

test('a status of no stage is told', () => {
  const fields = { ...answers.open.fields, status: { name: 'Parked' } };
  assert.deepEqual(shown('open', { fields }).stale, { status: 'Parked', asked: null });
});

test('only keys of sub-tasks and of linked issues become links', () => {
  const record = { ...answers.open.properties.stagegate, blocked: { requirements: ['AB-1 blocks this; UTF-8, INT-9.'] } };
  const fields = { status: { name: 'Discovery' }, subtasks: [], issuelinks: [{ inwardIssue: { key: 'AB-1' } }] };
  const found = shown('open', { fields, properties: { stagegate: record } });
  assert.deepEqual(found.missing, [[{ key: 'AB-1' }, { text: ' blocks this; UTF-8, INT-9.' }]]);
});

test('a stage that the mapping does not have is shown by its key', () => {
  const record = { ...answers.open.properties.stagegate, accepted: [['pilot', '2026-03-02T15:00:00Z', '1']] };
  const { stage, next } = shown('open', { properties: { stagegate: record } });
  assert.deepEqual({ stage, next }, { stage: 'pilot', next: null });
});
