"""What is released: sdist and wheel hold what they should, and the version is the tag's, with git or without."""

import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from email.parser import Parser
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("sync_service", "webhooks", "mappings", "jira_sandbox")
IN_CHECKOUT = (ROOT / ".git").exists()


@dataclass(frozen=True, kw_only=True)
class Built:
    """What `make dist` makes; names of files are as they stand below the root of the project."""

    sdist: Path
    wheel: Path

    def in_sdist(self) -> set[str]:
        with tarfile.open(self.sdist) as archive:
            return {name.partition("/")[2] for name in archive.getnames()}

    def in_wheel(self) -> set[str]:
        with zipfile.ZipFile(self.wheel) as archive:
            return set(archive.namelist())

    def metadata(self) -> Message:
        with zipfile.ZipFile(self.wheel) as archive:
            (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
            return Parser().parsestr(archive.read(name).decode())


def run(*command: str, folder: Path, path: str | None = None) -> str:
    environment = os.environ | ({} if path is None else {"PATH": path})
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


def build(source: Path, into: Path, *only: str, path: str | None = None) -> None:
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(into), *only, str(source)]
    run(*command, folder=into, path=path)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    folder = tmp_path_factory.mktemp("dist")
    build(ROOT, folder)
    (sdist,), (wheel,) = folder.glob("*.tar.gz"), folder.glob("*.whl")
    return Built(sdist=sdist, wheel=wheel)


def listed(*options: str) -> set[str]:
    """Return the files of the checkout that git lists."""
    return set(run("git", "ls-files", "-z", *options, folder=ROOT).split("\0")) - {""}


def files_of_the_packages() -> Iterator[str]:
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                yield path.relative_to(ROOT).as_posix()


def test_the_wheel_holds_the_packages_whole_and_nothing_else(built: Built) -> None:
    held = {name for name in built.in_wheel() if ".dist-info/" not in name}
    assert held == {*files_of_the_packages(), "sync_service/config/config.example.toml"}


@pytest.mark.parametrize(
    "pattern",
    [
        r"webhooks/templates/.+\.html",
        r"webhooks/static/.+\.css",
        r"sync_service/reports/.+\.css",
        r"sync_service/store/migrations/versions/0001_.+\.py",
        r"mappings/paytronix\.toml",
        r"mappings/py\.typed",
        r"sync_service/py\.typed",
        r"webhooks/py\.typed",
        r"jira_sandbox/py\.typed",
        r".+\.dist-info/licenses/LICENSE",
    ],
)
def test_what_is_no_code_is_in_the_wheel_too(built: Built, pattern: str) -> None:
    assert [name for name in built.in_wheel() if re.fullmatch(pattern, name)]


def test_the_wheel_says_what_it_is(built: Built) -> None:
    told = built.metadata()
    assert (told["Name"], told["License-Expression"], told["Requires-Python"]) == (
        "jira-stagegate",
        "Apache-2.0",
        ">=3.11",
    )
    assert told["Version"] == built.wheel.name.split("-")[1]
    assert "make demo" in str(told.get_payload())
    with zipfile.ZipFile(built.wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith("entry_points.txt")]
        assert "stagegate = sync_service.cli:main" in archive.read(name).decode()


@pytest.mark.skipif(not IN_CHECKOUT, reason="only git tells what belongs to the project")
def test_the_sdist_holds_the_project_whole_and_nothing_that_git_ignores(built: Built) -> None:
    held = built.in_sdist()
    assert listed() - held == {name for name in listed() if not (ROOT / name).exists()}
    assert held - listed() - listed("--others", "--exclude-standard") == {"PKG-INFO"}


@pytest.mark.parametrize(
    "name",
    [
        "docs/commands.md",
        "tests/newcomer/test_packages.py",
        "deploy/Dockerfile",
        "plugin/manifest.yml",
        "constraints.txt",
    ],
)
def test_docs_tests_deployment_and_plugin_are_in_the_sdist(built: Built, name: str) -> None:
    assert name in built.in_sdist()


def test_an_sdist_builds_the_same_wheel_without_git(built: Built, tmp_path: Path) -> None:
    with tarfile.open(built.sdist) as archive:
        archive.extractall(tmp_path / "unpacked", filter="data")
    (source,) = (tmp_path / "unpacked").iterdir()
    build(source, tmp_path, "--wheel", path=str(tmp_path))
    (wheel,) = tmp_path.glob("*.whl")
    assert wheel.name == built.wheel.name
    assert Built(sdist=built.sdist, wheel=wheel).in_wheel() == built.in_wheel()


@pytest.mark.skipif(not shutil.which("git"), reason="git is not installed")
def test_the_version_is_the_tag_s(tmp_path: Path) -> None:
    def git(*words: str) -> None:
        who = ("-c", "user.name=n", "-c", "user.email=n@example.com", "-c", "commit.gpgsign=false")
        run("git", *who, *words, folder=tmp_path)

    def version(path: str | None = None) -> str:
        return run(sys.executable, "-m", "hatchling", "version", folder=tmp_path, path=path)

    for name in ("pyproject.toml", "README.md", "LICENSE", "config.example.toml"):
        shutil.copy(ROOT / name, tmp_path)
    assert version() == "0.1.0.dev0", "neither git nor PKG-INFO"
    git("init", "--quiet")
    git("add", ".")
    git("commit", "--quiet", "--message", "Begin")
    assert re.fullmatch(r"0\.1(\.0)?\.dev1\+g\w+", version()), "no tag yet"
    git("tag", "v0.2.0")
    assert version() == "0.2.0"
    assert version(path=str(tmp_path)) == "0.1.0.dev0", "a checkout on a machine without git"
    git("commit", "--quiet", "--allow-empty", "--message", "Go on")
    assert re.fullmatch(r"0\.2\.1\.dev1\+g\w+", version())
