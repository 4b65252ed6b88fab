import React, { useCallback, useEffect, useState } from 'react';
import ForgeReconciler, { Link, List, ListItem, Lozenge, SectionMessage, Spinner, Stack, Text } from '@forge/react';
import { events, requestJira, view } from '@forge/bridge';
import lifecycle from './lifecycle.json';
import { PROPERTY, panel } from './model';

// Comments and history stay out of the answer; the custom fields are in it, and `names` tells which is which.
const QUERY = `fields=*navigable,subtasks,issuelinks&expand=names&properties=${PROPERTY}`;
const ROUND = { ahead: 'not begun', begun: 'testing' };

async function look() {
  const { extension } = await view.getContext();
  const response = await requestJira(`/rest/api/2/issue/${extension.issue.id}?${QUERY}`);
  return response.ok ? panel(await response.json(), lifecycle) : unreadable(`Jira answered ${response.status}.`);
}

function unreadable(why) {
  return { kind: 'unreadable', why };
}

function Panel() {
  const [shown, show] = useState(null);
  const refresh = useCallback(() => look().catch((error) => unreadable(error.message)).then(show), []);
  useEffect(() => {
    refresh();
    const subscribed = events.on('JIRA_ISSUE_CHANGED', refresh);
    return () => void subscribed.then((subscription) => subscription.unsubscribe());
  }, [refresh]);
  if (shown === null) {
    return <Spinner label="Reading the record" />;
  }
  const Shown = { managed: Managed, unmanaged: Unmanaged, unreadable: Unreadable }[shown.kind];
  return <Shown {...shown} />;
}

function Unmanaged() {
  return <Text>Stagegate does not keep this issue, or has not looked at it yet.</Text>;
}

function Unreadable({ why }) {
  return (
    <SectionMessage appearance="error" title="The record could not be read">
      <Text>{why} Reload the page; if it stays, ask a Jira administrator.</Text>
    </SectionMessage>
  );
}

function Managed({ stage, next, gate, missing, round, slot, fees, stale }) {
  return (
    <Stack space="space.100">
      {stale && <Stale stage={stage} {...stale} />}
      <Text>Stage: {stage}</Text>
      {next && (
        <Text>
          Next: {next}{' '}
          <Lozenge appearance={gate === 'open' ? 'success' : 'moved'}>
            {gate === 'open' ? 'open' : `${missing.length} missing`}
          </Lozenge>
        </Text>
      )}
      {missing.length > 0 && (
        <List type="unordered">
          {missing.map((parts, index) => (
            <ListItem key={index}>{parts.map(drawn)}</ListItem>
          ))}
        </List>
      )}
      {round && (
        <Text>
          Certification round {String(round.number)}: {ROUND[round.state] ?? round.state}
        </Text>
      )}
      {slot && <Text>Certification slot: {slot}</Text>}
      {fees && <Text>Additional fees: {fees}</Text>}
    </Stack>
  );
}

function drawn({ text, key }, index) {
  return key ? (
    <Link key={index} href={`/browse/${key}`} openNewTab>
      {key}
    </Link>
  ) : (
    text
  );
}

function Stale({ stage, status, asked }) {
  return (
    <SectionMessage appearance="warning">
      <Text>
        {asked
          ? `The status ${status} asks for ${asked}. Stagegate counts the project as in ${stage}: it answers within ` +
            'seconds, or has refused the move; the comments say why.'
          : `The status ${status} belongs to no stage; nothing is checked until the issue has one that does.`}
      </Text>
    </SectionMessage>
  );
}

ForgeReconciler.render(
  <React.StrictMode>
    <Panel />
  </React.StrictMode>
);
