"""Mistakes in the settings, and in what they say of the Jira site."""

from pathlib import Path

from mistake import ENABLED, KEY, PORT, READERS, SINCE, TOKEN, URL, Mistake

SETTINGS = [
    Mistake(
        what="no settings yet",
        command="check",
        before=lambda: Path("config.toml").unlink(),
        says=("config.toml: no such file", "stagegate example-config > config.toml", "--config names another"),
    ),
    Mistake(
        what="another file that is not there",
        command="run --config mine.toml",
        says=("mine.toml: no such file", "--config"),
    ),
    Mistake(
        what="STAGEGATE_CONFIG leads nowhere",
        command="check",
        variables={"STAGEGATE_CONFIG": "elsewhere.toml"},
        says=("elsewhere.toml: no such file",),
    ),
    Mistake(
        what="a folder for a file",
        command="check --config .",
        says=(r"\.: can't be read: Is a directory", "--config names"),
    ),
    Mistake(
        what="no quotes",
        command="check",
        settings={'email = "service@sandbox.example"': "email = service@sandbox.example"},
        says=("config.toml: not valid TOML", "line 7", r'written like `email = "'),
    ),
    Mistake(
        what="a misspelt setting",
        command="check",
        settings={"\ntoken =": "\ntokn ="},
        says=("jira.tokn: unknown setting; did you mean 'token'", "jira.token: missing"),
    ),
    Mistake(
        what="a misspelt section",
        command="check",
        settings={"[webhooks]": "[webhook]"},
        says=("webhook: unknown setting; did you mean 'webhooks'",),
    ),
    Mistake(
        what="a section as a setting",
        command="check",
        settings={"[jira]\n": "jira = 'https://example.atlassian.net'\n[more]\n"},
        says=(r"jira: must be a section, which begins with the line \[jira\]", "more: unknown setting"),
    ),
    Mistake(
        what="a number in words",
        command="check",
        settings={PORT: 'port = "eighty"'},
        says=("config.toml: webhooks.port: must be a whole number",),
    ),
    Mistake(
        what="a port that no machine has",
        command="check",
        settings={PORT: "port = 80800"},
        says=("webhooks.port: must be less than or equal to 65535",),
    ),
    Mistake(
        what="one secret where a list belongs",
        command="check",
        settings={'["env:STAGEGATE_WEBHOOK_SECRET"]': '"env:STAGEGATE_WEBHOOK_SECRET"'},
        says=("webhooks.secrets: must be a list in brackets",),
    ),
    Mistake(
        what="a word that is no choice",
        command="check",
        settings={'# log = "console"': 'log = "xml"'},
        says=("worker.log: must be 'json' or 'console'",),
    ),
    Mistake(
        what="no day",
        command="check",
        settings={SINCE: 'enforce_since = "soon"'},
        says=("lifecycle.enforce_since: must be a day or a time, such as",),
    ),
    Mistake(
        what="a day without dashes",
        command="check",
        settings={SINCE: "enforce_since = 20260101"},
        says=("lifecycle.enforce_since: must be a day or a time, such as 2026-01-31",),
    ),
    Mistake(
        what="a secret that is not in the environment",
        command="check",
        settings={TOKEN: '"env:JIRA_TOKEN"'},
        says=("jira.token: the environment variable JIRA_TOKEN is not set",),
    ),
    Mistake(
        what="a secret's file that is not there",
        command="check",
        settings={TOKEN: '"file:token.txt"'},
        says=("jira.token: the file token.txt can't be read: No such file",),
    ),
    Mistake(
        what="a wrong value in the environment",
        command="check",
        variables={"STAGEGATE_WEBHOOKS__PORT": "http"},
        says=("the environment variable STAGEGATE_WEBHOOKS__PORT: webhooks.port: must be a whole number",),
    ),
    Mistake(
        what="a misspelt variable",
        command="check",
        variables={"STAGEGATE_JIRA__ULR": "https://example.atlassian.net"},
        says=("the environment variable STAGEGATE_JIRA__ULR: jira.ulr: unknown setting; did you mean 'url'",),
    ),
    Mistake(
        what="a key of the console that is too short",
        command="check",
        settings={ENABLED: "enabled = true", KEY: "session_key ="},
        variables={"STAGEGATE_SESSION_KEY": "planted-short"},
        says=("console: session_key must be a random text of at least 32 characters", "openssl rand"),
    ),
    Mistake(
        what="a console for nobody",
        command="check",
        settings={ENABLED: "enabled = true", KEY: "session_key ="},
        says=("console: nobody could sign in; make a token with `stagegate console-token`",),
    ),
    Mistake(
        what="the token instead of its hash",
        command="run",
        settings={ENABLED: "enabled = true", KEY: "session_key =", READERS: 'readers = { ann = "ann.planted-token" }'},
        says=("console: ann: not a hash", "`stagegate console-token ann` prints", "the line with the hash"),
    ),
]

SITE = [
    Mistake(
        what="an address without https",
        command="check",
        settings={URL: 'url = "example.atlassian.net"'},
        says=("jira.url is not an address: write it like https://",),
    ),
    Mistake(
        what="a misspelt scheme",
        command="check --live",
        settings={URL: 'url = "htps://example.atlassian.net"'},
        says=("jira.url is not an address: write it like https://",),
    ),
    Mistake(
        what="credentials in the address",
        command="check",
        settings={URL: 'url = "https://me:planted-password@example.atlassian.net"'},
        says=("jira.url holds credentials: move them to jira.email and jira.token",),
    ),
    Mistake(
        what="the address of some other site",
        command="check --live",
        code=1,
        settings={URL: 'url = "{web}"'},
        says=(r"not Jira's own answer \(404, a web page", "Check jira.url"),
    ),
    Mistake(
        what="https to a site that speaks http",
        command="check --live",
        code=1,
        settings={URL: 'url = "https://{jira_host}"'},
        says=(r"https://\S+ answers without TLS", "write jira.url with http:// instead of https://"),
    ),
    Mistake(
        what="nobody listens there",
        command="check --live",
        code=1,
        settings={URL: 'url = "http://127.0.0.1:9"'},
        says=("no connection to http://127.0.0.1:9", "Check jira.url, the name service, the proxy"),
    ),
    Mistake(
        what="a host without an address",
        command="check --live",
        code=1,
        settings={URL: 'url = "https://our-jira.invalid"'},
        says=("no connection to https://our-jira.invalid", "Check jira.url, the name service"),
    ),
    Mistake(
        what="a wrong token",
        command="check --live",
        settings={TOKEN: '"env:PLANTED"'},
        says=("Jira did not accept the credentials", "Check jira.email and jira.token"),
    ),
    Mistake(
        what="a wrong token, and work is to begin",
        command="work",
        settings={TOKEN: '"env:PLANTED"'},
        says=("Jira did not accept the credentials", "Check jira.email and jira.token"),
    ),
    Mistake(
        what="a token that was copied with its line break",
        command="check",
        variables={"STAGEGATE_JIRA_TOKEN": "planted two words"},
        says=("jira.token is empty or holds blanks", "copy it again"),
    ),
    Mistake(
        what="an account without rights",
        command="provision",
        code=0,
        says=("lacks the global permission 'Administer Jira'", "with an administrator's credentials"),
    ),
]
