// Check the app as `forge lint` does, as far as that goes without a login and without Atlassian's servers: the manifest
// by the schema and every validator of @forge/manifest, the sources by the client-side linters of @forge/lint.
// Left out, and said: the linters of Atlassian's server, and the one that first downloads Jira's list of operations to
// tell which scopes the requests need (the one request is `GET issue`: read:jira-work). Exits 1 if anything is found.
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

process.chdir(path.join(path.dirname(fileURLToPath(import.meta.url)), '..'));
const require = createRequire(import.meta.url);
const { validate } = require('@forge/manifest');
const { PermissionLinter, getClientSideLintersOnly, lint, problemCount } = require('@forge/lint');

const ENVIRONMENT = 'development';
// Which runtimes are on their way out is asked of Atlassian after a login; without one, none is.
const flags = { getDeprecatedRuntimes: async () => [] };
const logger = { info: (text) => console.log(text) };

const manifest = await validate(false);
for (const error of manifest.errors ?? []) {
  console.log(`manifest.yml:${error.line}:${error.column} ${error.level}: ${error.message}`);
}
if (!manifest.success || !manifest.manifestObject?.typedContent) {
  process.exit(1);
}
const sources = readdirSync('src').filter((name) => /\.jsx?$/.test(name)).map((name) => `src/${name}`);
const app = manifest.manifestObject.typedContent;
const clientSide = await getClientSideLintersOnly(app, ENVIRONMENT, logger, flags);
const linters = clientSide.filter((linter) => !(linter instanceof PermissionLinter));
const results = await lint(sources, app, ENVIRONMENT, logger, flags, { linters, linter: { mode: 'client-side' } });
for (const { file, errors, warnings, approvals } of results) {
  for (const found of [...errors, ...warnings, ...approvals]) {
    console.log(`${file}:${found.line}:${found.column} ${found.class}: ${found.message}`);
  }
}
const { errors, warnings, approvals } = problemCount(results);
console.log(
  `manifest.yml is valid; ${sources.length} sources, ${linters.length} linters: ${errors} errors, ${warnings} warnings. ` +
    'Left out: PermissionLinter (needs the network), ServerSideLinter (needs a login).',
);
process.exitCode = errors + warnings + approvals + (manifest.errors?.length ?? 0) ? 1 : 0;
