"""Whatever the project or its tests install is pinned, and comes under a licence that lets it be used."""

import re
from importlib.metadata import Distribution, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PINNED = {
    canonicalize_name(name): version
    for name, _, version in (
        line.partition("==")
        for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
        if not line.startswith("#")
    )
}
PERMISSIVE = frozenset(
    {"0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "MIT-0", "PSF-2.0", "Python-2.0", "Zlib"}
)
IN_OTHER_WORDS = {
    "apache 2.0": "Apache-2.0",
    "apache software license": "Apache-2.0",
    "bsd 2-clause license": "BSD-2-Clause",
    "bsd license": "BSD-3-Clause",
    "mit license": "MIT",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "psfl": "PSF-2.0",
    "python software foundation license": "PSF-2.0",
}
"""Licences as metadata from before SPDX tells them."""

EXCEPTIONS: dict[str, str] = {
    "psycopg": "LGPL-3.0-only",  # imported, not changed: nothing follows for our code
    "psycopg-binary": "LGPL-3.0-only",
    "pygal": "GNU Lesser General Public License v3 or later (LGPLv3+)",
    "certifi": "MPL-2.0",  # Mozilla's list of authorities, as it is
    "hypothesis": "MPL-2.0",  # only the tests use this one and the next
    "pathspec": "MPL-2.0",
}


def needed() -> dict[str, Distribution]:
    """Return what the project and its tests install here: what is required, and what that requires in turn."""
    found: dict[str, Distribution] = {}
    asked = [(distribution("jira-stagegate"), "dev")]
    walked = set()
    while asked:
        dist, extra = asked.pop()
        if (dist.name, extra) in walked:
            continue
        walked.add((dist.name, extra))
        for text in dist.requires or ():
            requirement = Requirement(text)
            if requirement.marker and not requirement.marker.evaluate({"extra": extra}):
                continue
            name = canonicalize_name(requirement.name)
            if name not in found:
                found[name] = distribution(name)
                asked.append((found[name], ""))
            asked += [(found[name], wanted) for wanted in requirement.extras]
    for tool in ("pip", "setuptools"):  # pip-audit's and setuptools-scm's; each environment brings its own
        del found[tool]
    return found


NEEDED = needed()


def licence(dist: Distribution) -> str:
    """Return a package's licence by its metadata: an SPDX expression where it can be told in one."""
    expression = dist.metadata.get("License-Expression")
    if expression:
        return str(expression)
    field = str(dist.metadata.get("License") or "").strip()
    known = IN_OTHER_WORDS.get(field.lower(), field)
    classifiers = [c.rpartition(" :: ")[2] for c in dist.metadata.get_all("Classifier") or () if c[:7] == "License"]
    if is_permissive(known) or not classifiers:
        return known
    return " AND ".join(IN_OTHER_WORDS.get(name.lower(), name) for name in classifiers)


def is_permissive(expression: str) -> bool:
    """Tell whether every licence that an SPDX expression names is permissive."""
    named = set(re.findall(r"[\w.+-]+", expression)) - {"AND", "OR"}
    return bool(named) and named <= PERMISSIVE


def test_each_is_pinned_to_what_the_tests_run_with() -> None:
    unpinned = {name: dist.version for name, dist in NEEDED.items() if PINNED.get(name) != dist.version}
    assert unpinned == {}, "pin them in constraints.txt, or renew them all with `make pins`"


def test_each_licence_is_permissive_but_for_named_exceptions() -> None:
    others = {name: told for name, dist in NEEDED.items() if not is_permissive(told := licence(dist))}
    assert others == EXCEPTIONS, "leave it out, or name it among the exceptions; a licence may have changed, too"


@pytest.mark.parametrize(
    ("expression", "fits"),
    [
        ("MIT", True),
        ("Apache-2.0 OR BSD-3-Clause", True),
        ("(MIT AND PSF-2.0)", True),
        ("MIT AND GPL-3.0-only", False),
        ("Apache-2.0 WITH LLVM-exception", False),
        ("", False),
        ("Proprietary", False),
    ],
)
def test_licences_are_told_apart(expression: str, fits: bool) -> None:
    assert is_permissive(expression) is fits
