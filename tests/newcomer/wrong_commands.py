"""Mistakes in mappings, in where the service keeps and listens, and on the command line."""

import sqlite3

from mistake import HOST, MAPPINGS, PORT, STORE, Mistake


def mapping(text: str) -> dict[str, str]:
    return {"mine.toml": text}


def newer_database() -> None:
    with sqlite3.connect("stagegate.db") as database:
        database.execute("CREATE TABLE alembic_version (version_num TEXT)")
        database.execute("INSERT INTO alembic_version VALUES ('9999')")
    database.close()


MAPPING = [
    Mistake(
        what="a misspelt mapping",
        command="run",
        settings={MAPPINGS: 'mappings = ["paytronics"]'},
        says=("paytronics: no such mapping file; give a path, or one of the shipped ones: minimal, paytronix",),
    ),
    Mistake(
        what="a mapping that is not there",
        command="check --mapping mine.toml",
        code=1,
        says=("mine.toml: no such mapping file; give a path",),
    ),
    Mistake(
        what="the same mapping twice",
        command="run",
        settings={MAPPINGS: 'mappings = ["paytronix", "paytronix"]'},
        says=("lifecycle.mappings: two mappings have project 'INT'",),
    ),
    Mistake(
        what="a misspelt stage",
        command="check --mapping mine.toml",
        code=1,
        files=mapping('extends = "paytronix"\n[stages.discovry]\nstatuses = ["Discovery"]\n'),
        says=("mine.toml: stages.discovry.title: missing; add it; or is 'discovry' to be 'discovery'",),
    ),
    Mistake(
        what="a gate of a misspelt stage",
        command="check --mapping mine.toml",
        code=1,
        files=mapping('extends = "paytronix"\n[gates.discovry.requirements]\nsteps = true\n'),
        says=("mine.toml: gates.discovry: unknown stage 'discovry'; did you mean 'discovery'",),
    ),
    Mistake(
        what="a misspelt key",
        command="check --mapping mine.toml",
        code=1,
        files=mapping('extends = "paytronix"\n[stages.discovery]\ntitel = "Start"\n'),
        says=("mine.toml: stages.discovery.titel: unknown key; did you mean 'title'",),
    ),
    Mistake(
        what="a project that the site has not",
        command="check --live --mapping mine.toml",
        code=1,
        files=mapping('extends = "paytronix"\nname = "mine"\n[jira]\nproject = "ABC"\n'),
        says=("there is no project 'ABC' that the account can see; create it, name another",),
    ),
    Mistake(
        what="a changed mapping of another project",
        command="simulate --mapping minimal",
        says=("jira.project of the changed mapping is 'WORK', but the settings have mappings for 'INT'",),
    ),
]

STORE_AND_PORT = [
    Mistake(
        what="a database in a folder that is not there",
        command="queue list",
        settings={STORE: 'url = "sqlite:///data/stagegate.db"'},
        says=(r"\[store\] url: the folder .*data does not exist; create it",),
    ),
    Mistake(
        what="a database where nobody may write",
        command="report",
        code=1,
        settings={STORE: 'url = "sqlite:////proc/stagegate.db"'},
        says=("the database /proc/stagegate.db: the file cannot be opened", "needs read and write permission"),
    ),
    Mistake(
        what="two slashes",
        command="run",
        settings={STORE: 'url = "sqlite://stagegate.db"', PORT: "port = 0"},
        says=(r"\[store\] url: SQLite needs a file, for instance `sqlite:///stagegate.db`",),
    ),
    Mistake(
        what="a database that we don't speak",
        command="serve",
        settings={STORE: 'url = "mysql://stagegate:planted-password@db/stagegate"', PORT: "port = 0"},
        says=(r"\[store\] url: neither SQLite nor PostgreSQL; write",),
    ),
    Mistake(
        what="a file that is no database",
        command="queue list",
        settings={STORE: 'url = "sqlite:///mine.toml"'},
        files=mapping("# a mapping of our own, to come\n" * 40),
        says=(r"the file is not an SQLite database; correct `\[store\] url`",),
    ),
    Mistake(
        what="PostgreSQL that is not running",
        command="queue list",
        code=1,
        settings={STORE: 'url = "postgresql://stagegate:planted-password@127.0.0.1:9/stagegate"'},
        says=("the database stagegate on 127.0.0.1:9: the server cannot be reached",),
    ),
    Mistake(
        what="a database of a newer version",
        command="serve",
        settings={PORT: "port = 0"},
        before=newer_database,
        says=(
            "is at migration 9999, newer than this version",
            "start the version that wrote it, or restore the backup",
        ),
    ),
    Mistake(
        what="a port that is taken",
        command="run",
        settings={PORT: "port = {taken}"},
        says=(r"webhooks.port: can't listen on 127.0.0.1:\d+: Address already in use", "choose another port"),
    ),
    Mistake(
        what="a host that is an address of the web",
        command="run",
        settings={HOST: 'host = "https://stagegate.example.com"'},
        says=("webhooks.host: 'https://stagegate.example.com' is no address of this machine; try 127.0.0.1",),
    ),
    Mistake(
        what="a host that is another machine",
        command="run",
        settings={HOST: 'host = "192.0.2.1"'},
        says=("webhooks.host: '192.0.2.1' is no address of this machine; try 127.0.0.1",),
    ),
    Mistake(
        what="no secret of the webhook",
        command="run",
        settings={'secrets = ["env:STAGEGATE_WEBHOOK_SECRET"]': "secrets = []"},
        says=("webhooks.secrets is empty", "set it to the secret that the webhook has in Jira"),
    ),
    Mistake(
        what="many processes on SQLite",
        command="run",
        settings={"# processes = 1": "processes = 4"},
        says=("webhooks.processes is more than 1", "leave it at 1, or move to PostgreSQL"),
    ),
]

COMMAND = [
    Mistake(what="a command that is not there", command="start", says=("No such command 'start'", "stagegate --help")),
    Mistake(what="a misspelt command", command="provison", says=("Did you mean 'provision'",)),
    Mistake(
        what="a misspelt option", command="provision --aply", says=("No such option '--aply'. Did you mean '--apply'",)
    ),
    Mistake(what="no issue", command="explain", says=("Missing argument 'KEY'", "stagegate explain --help")),
    Mistake(
        what="a project for an issue", command="explain INT", says=(r"neither an issue's key \(INT-12\) nor its id",)
    ),
    Mistake(
        what="an issue that is not there",
        command="explain INT-999",
        code=1,
        says=("INT-999: there is no such issue, or", "check the key, and the account's permission"),
    ),
    Mistake(
        what="the wrong flavour",
        command="sandbox --flavour server",
        says=("'server' is not one of 'cloud', 'datacenter'",),
    ),
    Mistake(
        what="the sandbox's port is taken",
        command="sandbox --port {taken}",
        says=(r"can't listen on 127.0.0.1:\d+: Address already in use; choose another --port",),
    ),
    Mistake(
        what="the sandbox on no port", command="sandbox --port 99999", says=("'--port': 99999 is not in the range",)
    ),
    Mistake(
        what="the sandbox elsewhere",
        command="sandbox --port 0 --host 192.0.2.1",
        says=("can't listen on 192.0.2.1", "--host"),
    ),
    Mistake(
        what="a webhook to a bare host",
        command="provision --webhook-url stagegate.example.org",
        says=("--webhook-url stagegate.example.org: not the address of deliveries; write it like https://",),
    ),
    Mistake(
        what="a webhook to a host without path",
        command="provision --webhook-url https://stagegate.example.org/",
        says=("not the address of deliveries; write it like https://stagegate.example.org/webhooks/jira",),
    ),
    Mistake(
        what="a plan that was not saved",
        command="provision --apply plan.json",
        says=("plan.json: can't be read: No such file", "`provision --out plan.json` saves a plan"),
    ),
    Mistake(
        what="something else for a plan",
        command="provision --apply mine.toml",
        files=mapping("{}"),
        says=("mine.toml: not a plan that `stagegate provision --out` saved",),
    ),
    Mistake(
        what="a plan into a folder that is not there",
        command="provision --out plans/plan.json",
        says=("--out plans/plan.json: can't be written: No such file or directory; name another file",),
    ),
    Mistake(
        what="a report that is not there",
        command="report portfolios",
        says=("portfolios: no such report; there are portfolio",),
    ),
    Mistake(
        what="a day as at home", command="report --from 31.1.2026", says=("'31.1.2026' does not match the format",)
    ),
    Mistake(
        what="a report into a folder that is not there",
        command="report --format html --output reports/all.html",
        code=1,
        says=("reports/all.html: can't be written: No such file or directory",),
    ),
    Mistake(what="replay of nothing", command="queue replay", says=("Name issues, or give --all",)),
    Mistake(
        what="a name with a blank",
        command="console-token Ann\N{NO-BREAK SPACE}Lee",
        says=("a name is made of letters",),
    ),
    Mistake(
        what="a role that is not there",
        command="console-token ann --role admin",
        says=("'admin' is not one of 'reader', 'operator'",),
    ),
]
