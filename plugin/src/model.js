// What the panel shows, as plain data: from Jira's answer for the issue and the lifecycle of the mapping.
// Pure, so that it is tested without Jira. The record's shape is told in docs/lifecycle.md, "The record".

export const PROPERTY = 'stagegate';
const VERSION = 1;
const KEY = /\b[A-Z][A-Z0-9_]+-\d+\b/g;

/**
 * Tell what the panel shows.
 *
 * `answer` is Jira's answer for the issue, with `names` and the property; `lifecycle` is src/lifecycle.json.
 * `kind` is `unmanaged` (no record of this issue: also on a fresh clone, which carries another's), or `managed`.
 */
export function panel(answer, lifecycle) {
  const record = recordOf(answer);
  if (record === null) {
    return { kind: 'unmanaged' };
  }
  const stage = record.accepted.at(-1)[0];
  const next = nextOf(stage, lifecycle);
  const reasons = next ? (record.blocked?.[next] ?? []) : [];
  return {
    kind: 'managed',
    stage: titleOf(stage, lifecycle),
    since: record.accepted.at(-1)[1],
    next: next && titleOf(next, lifecycle),
    gate: next ? (reasons.length ? 'closed' : 'open') : null,
    missing: reasons.map((reason) => linked(reason, knownKeys(answer))),
    round: roundOf(record),
    slot: fieldOf(answer, lifecycle.fields.slot) ?? presentRound(record)?.slot ?? null,
    fees: feesOf(answer, record, lifecycle),
    stale: staleOf(answer, stage, lifecycle),
  };
}

function recordOf(answer) {
  const record = answer.properties?.[PROPERTY];
  const isOurs = record?.version === VERSION && record.issue === answer.id && record.accepted?.length > 0;
  return isOurs ? record : null;
}

function titleOf(stage, lifecycle) {
  return lifecycle.stages[stage]?.title ?? stage;
}

function nextOf(stage, lifecycle) {
  const position = lifecycle.way.indexOf(stage);
  return position < 0 ? null : (lifecycle.way[position + 1] ?? null);
}

/** Cut a reason into texts and keys that can be linked: those of the issue's sub-tasks and of issues linked to it. */
function linked(reason, known) {
  const parts = [];
  let from = 0;
  for (const { 0: key, index } of reason.matchAll(KEY)) {
    if (known.has(key)) {
      parts.push({ text: reason.slice(from, index) }, { key });
      from = index + key.length;
    }
  }
  return [...parts, { text: reason.slice(from) }].filter((part) => part.key || part.text);
}

function knownKeys(answer) {
  const links = (answer.fields.issuelinks ?? []).map((link) => link.inwardIssue ?? link.outwardIssue);
  return new Set([...(answer.fields.subtasks ?? []), ...links].map((issue) => issue.key));
}

function presentRound(record) {
  const visit = record.accepted.at(-1)[2];
  return (record.rounds ?? []).find((round) => round.visit === visit) ?? null;
}

/** Tell of the round of this visit, or else of the last one that began; `number` counts rounds in which testing began. */
function roundOf(record) {
  const begun = (record.rounds ?? []).filter((round) => round.number);
  const present = presentRound(record);
  if (present) {
    return { number: present.number ?? begun.length + 1, state: present.result ?? (present.begun ? 'begun' : 'ahead') };
  }
  return begun.length ? { number: begun.at(-1).number, state: begun.at(-1).result ?? 'begun' } : null;
}

/** Tell the state of the fees: the field, which people may set to *Agreed*; else whether the service raised them. */
function feesOf(answer, record, lifecycle) {
  const raised = (record.rounds ?? []).some((round) => round.fees_raised);
  return fieldOf(answer, lifecycle.fields.fees)?.value ?? (raised ? lifecycle.fees_raised : null);
}

/** Tell of a status that belongs to another stage: the service hasn't answered that move, or refused it. */
function staleOf(answer, stage, lifecycle) {
  const status = answer.fields.status.name;
  const asked = Object.keys(lifecycle.stages).find((key) => lifecycle.stages[key].statuses.includes(status));
  return asked === stage ? null : { status, asked: asked ? titleOf(asked, lifecycle) : null };
}

function fieldOf(answer, name) {
  const id = Object.keys(answer.names ?? {}).find((key) => answer.names[key] === name);
  return (id && answer.fields[id]) ?? null;
}
