"""Assay itself, run from a checkout: migrations, the server and the worker as two background processes."""
from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

from paths import ROOT, SITE, TARGET
from processes import Processes, free_port
from run import Failure, log_path, run, tail

PATIENCE = 60  # seconds to become ready, or to end
ROLES = {"server": "serve", "worker": "worker"}  # process -> the command of `assay` that it runs
LOCALHOST = "127.0.0.1"


class Stack:
    """`binary` is the copy of `assay` to run, `env` what it is configured with, `port` where it listens."""

    def __init__(self, binary: Path, processes: Processes, port: int, env: dict) -> None:
        self.binary = binary
        self.processes = processes
        self.url = f"http://localhost:{port}"
        self.port = port
        self.env = {"ASSAY_LISTEN": f"{LOCALHOST}:{port}", "ASSAY_URL": self.url, "ASSAY_SITE": str(SITE), **env}

    def migrate(self) -> None:
        run([self.binary, "migrate"], self.processes.log("migrate"), env=self.env)

    def seed(self, keep: Path | None = None) -> dict:
        """Makes the first organization and its owner; {"seeded": true} when there is one already. What is told is in the file `keep` before anything is made."""
        log = self.processes.log("seed")
        with open(log_path(log), "wb") as errors:
            done = subprocess.run(
                [str(self.binary), "seed", *(["--keep", str(keep)] if keep else [])], env={**os.environ, **self.env}, cwd=ROOT,
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, check=False,
            )
        try:
            return json.loads(done.stdout.decode().strip().splitlines()[-1])
        except (ValueError, IndexError):
            raise Failure(f"assay seed ended with {done.returncode} and told nothing.\n{tail(log)}") from None

    def first_sign_in(self, seeded: dict) -> dict:
        """The owner chooses a password with the one-time one; returns what is known then."""
        own = secrets.token_urlsafe(12)
        form = urllib.parse.urlencode({"token": seeded["password"], "password": own}).encode()
        urllib.request.urlopen(urllib.request.Request(f"{self.url}/reset-password", form, {"Origin": self.url}), timeout=PATIENCE).close()
        return {**seeded, "password": own}

    def start(self, inputs: str = "") -> None:
        for name in ROLES:
            self.start_one(name, inputs)
        self.processes.wait("server", self.ready, PATIENCE)
        self.processes.wait("worker", self.working, PATIENCE)

    def start_one(self, name: str, inputs: str = "") -> None:
        """The server is measured where it listens, by who asks from this machine; the worker at a port of its own, which is noted with it."""
        env, facts = self.env, {"inputs": inputs, "port": self.port}
        if name == "worker":
            facts["metrics"] = free_port()
            env = {**env, "ASSAY_METRICS_LISTEN": f"{LOCALHOST}:{facts['metrics']}"}
        self.processes.start(name, [self.binary, ROLES[name]], env=env, cwd=ROOT, facts=facts)

    def running(self, inputs: str) -> bool:
        """Whether both run, made from `inputs`, and the server answers."""
        facts = [self.processes.facts(name) for name in ROLES]
        return all(fact and fact["inputs"] == inputs for fact in facts) and self.ready()

    def stop(self) -> list:
        return [name for name in ROLES if self.processes.stop(name, patience=PATIENCE)]

    def ready(self) -> bool:
        return answers(self.port, "/readyz")

    def working(self) -> bool:
        return answers((self.processes.facts("worker") or {}).get("metrics"), "/healthz")


def answers(port: int | None, path: str) -> bool:
    try:
        return port is not None and urllib.request.urlopen(f"http://{LOCALHOST}:{port}{path}", timeout=2).status == 200
    except (urllib.error.URLError, OSError):
        return False


def compile_command(profile: str) -> list:
    return ["cargo", "build", "--package", "server", "--bin", "assay", "--profile", profile]


def place(profile: str, to: Path) -> None:
    """Copies the server compiled with `profile` away from the target folder, which other checkouts may write to."""
    to.parent.mkdir(parents=True, exist_ok=True)
    part = to.with_name(to.name + ".part")
    shutil.copy2(TARGET / {"dev": "debug"}.get(profile, profile) / "assay", part)
    part.replace(to)  # also while the old one runs


def write_connection(path: Path, facts: dict) -> None:
    """The address and the first owner's way in; for this user's eyes only."""
    part = path.with_name(path.name + ".part")
    part.unlink(missing_ok=True)
    with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(facts, file, indent=2)
        file.write("\n")
    part.replace(path)
