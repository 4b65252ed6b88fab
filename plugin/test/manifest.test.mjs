// What the manifest promises: no function, no remote, no storage, one scope, and few indexed values.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parse } from 'yaml';

const manifest = parse(readFileSync(new URL('../manifest.yml', import.meta.url), 'utf8'));

test('the app has an expression, a panel and an index, and no code on a server', () => {
  assert.deepEqual(Object.keys(manifest.modules), ['jira:workflowValidator', 'jira:issuePanel', 'jira:entityProperty']);
  assert.deepEqual(Object.keys(manifest).sort(), ['app', 'modules', 'permissions', 'resources']);
});

test('the app asks for one scope, to read', () => {
  assert.deepEqual(manifest.permissions, { scopes: ['read:jira-work'] });
});

test('at most thirty values are indexed, each under its own alias', () => {
  const values = manifest.modules['jira:entityProperty'].flatMap((module) => module.values);
  assert.ok(values.length <= 30);
  assert.equal(new Set(values.map(({ searchAlias }) => searchAlias)).size, values.length);
});
