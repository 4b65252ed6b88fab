// The panel as Jira would draw it: src/panel.jsx rendered by @forge/react itself, against a bridge that plays Jira.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import Module, { createRequire } from 'node:module';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);
const ts = require('typescript');
const answers = JSON.parse(readFileSync(new URL('answers.json', import.meta.url), 'utf8'));
const PANEL = fileURLToPath(new URL('../src/panel.jsx', import.meta.url));
const SITE = 'https://site.example';

// @forge/bridge builds a Request of a path alone, as a browser may and Node may not.
globalThis.Request = class extends Request {
  constructor(url, init) {
    super(new URL(url, SITE), init);
  }
};
globalThis.self = globalThis;

/** A Jira that shows one issue: what the panel asked for, what it drew last, and a way to say that the issue changed. */
class Jira {
  constructor(answer, status = 200) {
    Object.assign(this, { answer, status, asked: [], drawn: null, changed: null, waiting: [] });
  }

  async callBridge(command, payload) {
    if (command === 'getContext') return { extension: { issue: { id: this.answer.id, key: this.answer.key } } };
    if (command === 'on') {
      this.changed = payload.callback;
      return { unsubscribe: () => {} };
    }
    if (command === 'fetchProduct') {
      if (this.status === null) throw new Error('The network is down.');
      this.asked.push(`${payload.fetchRequestInit.method ?? 'GET'} ${payload.restPath}`);
      return { body: JSON.stringify(this.answer), headers: {}, status: this.status, statusText: '' };
    }
    assert.equal(command, 'reconcile');
    this.drawn = payload.forgeDoc;
    this.waiting.forEach((look) => look());
  }

  /** Wait until what is drawn says this, and not that; the test's own time limit ends the wait. */
  shows(words, not = null) {
    return new Promise((done) => {
      const says = (drawn) => drawn.includes(words) && !(not && drawn.includes(not));
      const look = () => says(flat(this.drawn)) && done();
      this.waiting.push(look);
      if (this.drawn) look();
    });
  }
}

const flat = (node) => (node.type === 'String' ? node.props.text : node.children.map(flat).join(''));
const all = (node, type) => [...(node.type === type ? [node] : []), ...node.children.flatMap((child) => all(child, type))];

let jira;
globalThis.__bridge = { callBridge: (command, payload) => jira.callBridge(command, payload) };

/** Run the panel's source as the app's frame does: anew, against this Jira. */
function open(answer, status) {
  jira = new Jira(answer, status);
  const compilerOptions = { module: ts.ModuleKind.CommonJS, jsx: ts.JsxEmit.React, esModuleInterop: true };
  const { outputText } = ts.transpileModule(readFileSync(PANEL, 'utf8'), { compilerOptions });
  const panel = new Module(PANEL);
  panel.filename = PANEL;
  panel.paths = Module._nodeModulePaths(PANEL);
  panel._compile(outputText, PANEL);
  return jira;
}

const LIMIT = { timeout: 20_000 };

test('a closed gate: three reasons, each linked to its sub-task', LIMIT, async () => {
  const shown = open(answers['closed for three reasons']);
  await shown.shows('3 missing');
  assert.equal(all(shown.drawn, 'ListItem').length, 3);
  const keys = answers['closed for three reasons'].properties.stagegate.blocked.certification
    .map((reason) => reason.match(/^INT-\d+/)[0]);
  assert.deepEqual(all(shown.drawn, 'Link').map((link) => link.props.href), keys.map((key) => `/browse/${key}`));
  assert.match(flat(shown.drawn), new RegExp(`Stage: Development.*Next: Certification.*${keys[2]} “Test and approve`));
});

test('it asks Jira once a view, for the issue alone', LIMIT, async () => {
  const shown = open(answers.open);
  await shown.shows('Next: Requirements');
  assert.deepEqual([...new Set(shown.asked)], [
    'GET /rest/api/2/issue/10000?fields=*navigable,subtasks,issuelinks&expand=names&properties=stagegate',
  ]);
});

test('an open gate', LIMIT, async () => {
  const shown = open(answers.open);
  await shown.shows('Next: Requirements open');
  assert.equal(all(shown.drawn, 'ListItem').length, 0);
});

test('round 4 with fees', LIMIT, async () => {
  const shown = open(answers['round 4 with fees']);
  await shown.shows('Additional fees: Agreed');
  assert.match(flat(shown.drawn), /Certification round 4: testing.*Certification slot: 2026-03-09/);
});

test('an unmanaged issue', LIMIT, async () => {
  await open(answers['never looked at']).shows('Stagegate does not keep this issue');
});

test('a stale record', LIMIT, async () => {
  await open(answers['moved, not answered yet']).shows('The status Certification asks for Certification. Stagegate counts');
});

test('an issue that cannot be read', LIMIT, async () => {
  await open({ ...answers.open }, 404).shows('Jira answered 404');
});

test('a Jira that does not answer', LIMIT, async () => {
  await open(answers.open, null).shows('The network is down. Reload the page');
});

test('it looks again when the issue changes', LIMIT, async () => {
  const shown = open(answers['moved, not answered yet']);
  await shown.shows('asks for Certification');
  shown.answer = answers['closed for three reasons'];
  shown.changed({ issueId: '10000', changes: [{ changeType: 'updated' }] });
  await shown.shows('3 missing', 'asks for');
});
