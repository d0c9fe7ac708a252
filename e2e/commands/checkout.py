"""A checkout of its own, in which infra/up finds everything compiled."""
from __future__ import annotations

import json
import os
import socket
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

from fingerprint import SERVER_SOURCES, fingerprint
from paths import SITE
from run import answer

PATIENCE = 120
# What the command that runs the tests has set for itself.
FOREIGN = ("DATABASE_URL", "REDIS_URL", "PORT", "CARGO_TARGET_DIR")


class Checkout:
    """The copy in `folder`, with a server compiled before."""

    def __init__(self, folder: Path, binary: Path) -> None:
        self.folder, self.real = folder, binary
        self.local = folder / ".local"
        self.binary = self.local / "bin" / "quick" / "assay"
        self.binary.parent.mkdir(parents=True)
        self.binary.with_suffix(".inputs").write_text(fingerprint(SERVER_SOURCES, answer(["rustc", "--version"]) or ""))
        self.place()
        (folder / "target").mkdir()
        (folder / "target" / "site").symlink_to(SITE)

    def place(self, script: str = "") -> None:
        """Puts the server where infra/up keeps it; or a script around it."""
        self.binary.unlink(missing_ok=True)
        if script:
            self.binary.write_text(script)
            self.binary.chmod(0o755)
        else:
            self.binary.symlink_to(self.real)

    def infra(self, name: str, *options: str, **variables: str) -> subprocess.CompletedProcess:
        """Runs a command to its end, from elsewhere, as it is told to nobody at a terminal."""
        env = {key: value for key, value in os.environ.items() if key not in FOREIGN and not key.startswith("ASSAY_TEST")}
        done = subprocess.run(
            [str(self.folder / "infra" / name), *options], env={**env, **variables}, cwd="/", timeout=PATIENCE,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
        )
        assert "Traceback" not in done.stdout, done.stdout
        return done

    def up(self, *options: str, **variables: str) -> str:
        """Starts Assay, which compiles nothing; what is told."""
        done = self.infra("up", *options, **variables)
        assert done.returncode == 0 and "compiles" not in done.stdout, done.stdout
        return done.stdout

    def refused(self, *options: str, **variables: str) -> str:
        """What infra/up says when it does not start anything."""
        done = self.infra("up", *options, **variables)
        assert done.returncode == 1, done.stdout
        return done.stdout

    @property
    def connection_file(self) -> Path:
        return self.local / "connection.json"

    def connection(self) -> dict:
        return json.loads(self.connection_file.read_text())

    def pids(self) -> dict:
        """The background processes that were started and not stopped."""
        return {file.stem: json.loads(file.read_text())["pid"] for file in (self.local / "run").glob("*.json")}


class Unfollowed(urllib.request.HTTPRedirectHandler):
    """A redirect is an answer."""

    def redirect_request(self, *_):
        return None


def post(url: str, path: str, **fields: str) -> tuple:
    """Sends a form as a browser does: status, and where it leads."""
    request = urllib.request.Request(url + path, urllib.parse.urlencode(fields).encode(), {"Origin": url})
    try:
        answer = urllib.request.build_opener(Unfollowed).open(request, timeout=30)
    except urllib.error.HTTPError as error:
        answer = error
    with answer:
        return answer.status, answer.headers.get("location", "")


def mlflow(connection: dict, path: str, **body) -> dict:
    """Calls the tracking API as a client does."""
    headers = {"Authorization": f"Bearer {connection['token']}", "Content-Type": "application/json"}
    request = urllib.request.Request(f"{connection['url']}/api/2.0/mlflow/{path}", json.dumps(body).encode() if body else None, headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def ask_redis(url: str, *words: str) -> bytes:
    """The first line that the Redis at a URL answers to a command."""
    at = urllib.parse.urlsplit(url)
    with socket.create_connection((at.hostname, at.port), timeout=60) as link, link.makefile("rb") as answers:
        for command in (("AUTH", at.password), ("SELECT", at.path.strip("/")), words):
            told = [word.encode() for word in command]
            link.sendall(b"*%d\r\n" % len(told) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in told))
            line = answers.readline()
            assert line and not line.startswith(b"-"), line
        return line


def upload(connection: dict, run: dict, name: str, content: bytes) -> None:
    request = urllib.request.Request(artifact(connection, run, name), content, {"Authorization": f"Bearer {connection['token']}"}, method="PUT")
    urllib.request.urlopen(request, timeout=30).close()


def download(connection: dict, run: dict, name: str) -> bytes:
    request = urllib.request.Request(artifact(connection, run, name), headers={"Authorization": f"Bearer {connection['token']}"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return answer.read()


def artifact(connection: dict, run: dict, name: str) -> str:
    root = run["info"]["artifact_uri"].partition(":")[2].strip("/")
    return f"{connection['url']}/api/2.0/mlflow-artifacts/artifacts/{root}/{name}"
