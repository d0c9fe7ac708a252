"""The steps of infra/test and what they stand on: services, a mail sink, a running Assay."""
from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import socket
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from functools import cached_property
from itertools import groupby
from pathlib import Path

import stack
import web
from counts import Counts, count, excerpt
from packages import apt, beside, chromium, node, node_env, npm_ci, venv, whole_chromium
from paths import LOCAL, ROOT
from processes import Processes, free_port
from run import Failure, end_all, log_path, run, run_logged, tail
from services import Services
from steps import finished, say, step
from toolchain import WASM, components, toolchain

STEPS = ("format", "lint", "rust", "web", "commands", "clients", "faults", "browser")
# Steps that are carried out beside each other: they share nothing that one of them changes. The web app is compiled by one core at a time, for the most part; the
# others wait more than they work.
BESIDE = ({"rust", "web"}, {"commands", "clients", "faults"})
E2E = ROOT / "e2e"
WORK = LOCAL / "test"
FAULTS, FAULTS_LABEL = WORK / "faults", "test-faults-"
CHECKOUT = WORK / "checkout"
# Seconds for one runner: several times what the slowest takes from nothing. One that hangs says so, and does not keep everybody waiting.
PATIENCE = 2400
# A line of a compiler that was asked to be short: file:line:column: level: what.
COMPLAINT = re.compile(r"^\S+:\d+:\d+: (warning|error)")
# The oldest Python that the real clients run with (numpy, pandas, scipy as e2e/requirements.txt has them).
PYTHON = (3, 11)


class Harness:
    """Runs steps one by one. A step that fails does not hide the next; what a step needs is made when it is first asked for."""

    def __init__(self, long: bool) -> None:
        self.long = long
        self.total = Counts()

    def __enter__(self) -> Harness:
        if sys.version_info < PYTHON:
            has, needs = (".".join(map(str, version[:2])) for version in (sys.version_info, PYTHON))
            raise Failure(f"the tests need Python {needs} or later, because the clients that they run do; this is {has}. With another one: python{needs} infra/test")
        WORK.mkdir(parents=True, exist_ok=True)
        self._lock = open(WORK / "lock", "w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Failure("infra/test already runs in this checkout") from None
        self.processes = Processes(WORK / "run", "test-")
        self._clean()
        os.environ.update(CARGO_TERM_COLOR="never", RUST_BACKTRACE="0")
        with step("toolchain") as note:
            note(toolchain())
            components()
        return self

    def __exit__(self, *_) -> None:
        self._clean()
        self._lock.close()

    def _clean(self) -> None:
        """Also what an earlier run left when it was killed."""
        _end(self.processes, Services(WORK, "test-", hasty=True))
        self._clean_faults()
        self._clean_checkout()
        for folder in ("mail", "blobs", "connection.json.session.lock"):
            shutil.rmtree(WORK / folder, ignore_errors=True)
        (WORK / "connection.json.session").unlink(missing_ok=True)

    def _clean_faults(self) -> None:
        _end(Processes(FAULTS / "run", FAULTS_LABEL), Services(FAULTS, FAULTS_LABEL, hasty=True, killed=True))
        shutil.rmtree(FAULTS, ignore_errors=True)

    def _clean_checkout(self) -> None:
        _end(Processes(CHECKOUT / ".local" / "run"), Services(CHECKOUT / ".local"))
        shutil.rmtree(CHECKOUT, ignore_errors=True)

    def run(self, names) -> None:
        """Steps in their order: the line of each shows its time and its tests."""
        for _, together in groupby(names, lambda name: next((number for number, beside in enumerate(BESIDE) if name in beside), name)):
            name, *others = together
            if others:
                self._together([name, *others])
                continue
            with step(name) as note:
                counts, problem = self._carry_out(name)
                note(_words(counts))
            self._sum_up(counts, problem)

    def _together(self, names: list) -> None:
        """Steps beside each other."""
        try:
            # What they share is made once.
            _ = self.rust_env if "rust" in names else (self.python, self.binary, self.e2e_env)
        except Failure:
            pass  # each of them says so
        start = time.monotonic()
        with ThreadPoolExecutor(len(names)) as pool:
            steps = {pool.submit(self._carry_out, name): name for name in names}
            try:
                for done in as_completed(steps):
                    counts, problem = done.result()
                    finished(steps[done], time.monotonic() - start, _words(counts))
                    self._sum_up(counts, problem)
            except BaseException:
                end_all()
                raise

    def _carry_out(self, name: str) -> tuple:
        """A step that cannot even run counts as one failed test."""
        try:
            return getattr(self, name)()
        except Failure as failure:
            return Counts(failed=1), str(failure)

    def _sum_up(self, counts, problem: str) -> None:
        if problem:
            say(problem)
        self.total += counts or Counts()

    # The steps. Each returns its counts (None: there is nothing to run yet) and what to tell about failures.

    def format(self):
        code, output = self._output("format", ["cargo", "fmt", "--all", "--", "--check", "-l", "--color=never"])
        return _verdict("format", code, {line for line in output.splitlines() if line.endswith(".rs")})

    def lint(self):
        """The server with all its tests, and the web app as the browser runs it. No warning passes, but a test may unwrap."""
        complaints, worst = set(), 0
        for number, scope in enumerate((["--workspace", "--all-targets"], ["--package", "browser", "--package", "app", "--target", WASM])):
            code, output = self._output(f"lint-{number + 1}", ["cargo", "clippy", "--message-format=short", *scope])
            found = {line for line in output.splitlines() if COMPLAINT.match(line)}
            complaints |= {line for line in found if not ("/tests/" in line and "`unwrap()`" in line)}
            worst = worst or code
        return _verdict("lint-1", worst, complaints)

    def rust(self):
        ignored = ["--", "--include-ignored"] if self.long else []
        return self._runner("rust", ["cargo", "test", "--workspace", "--no-fail-fast", *ignored], env=self.rust_env)

    def web(self):
        web.build()
        return Counts(), ""

    def commands(self):
        """infra/up and infra/down as a newcomer runs them, in a copy of the checkout where everything is compiled; and what they are made of."""
        found = sorted((E2E / "commands").glob("test_*.py"))
        web.build()
        command = [self.python, "-m", "pytest", "-p", "no:cacheprovider", "--tb=short", "--color=no", "-rfEs", *found]
        given = {"ASSAY_TEST_DATABASE": self.services.postgres("commands")[0], "ASSAY_TEST_REDIS": self.services.redis()[0]}
        env = {"ASSAY_TEST_BINARY": str(self.binary), "ASSAY_TEST_CHECKOUT": str(CHECKOUT), **given, **self.common_env}
        try:
            return self._runner("commands", command, env=env, cwd=E2E)
        finally:
            self._clean_checkout()

    def clients(self):
        if not (E2E / "clients").is_dir():
            return None, ""
        found = sorted((E2E / "clients").glob("test_*.py"))
        if not found:
            raise Failure("e2e/clients has no test_*.py")
        command = [self.python, "-m", "pytest", "-p", "no:cacheprovider", "--tb=short", "--color=no", "-rfEs", *found]
        return self._runner("clients", command, env={**self.e2e_env, **self.long_env}, cwd=E2E)

    def browser(self):
        if not (E2E / "browser").is_dir():
            return None, ""
        found = sorted((E2E / "browser").glob("*.test.mjs"))
        if not found:
            raise Failure("e2e/browser has no *.test.mjs")
        node_modules()
        # A journey waits for the server and for the page by turns: one file more than there are cores keeps those busy.
        command = [node() / "node", "--test", f"--test-concurrency={1 + (os.cpu_count() or 1)}", "--test-reporter=spec", *found]
        env = {**self.e2e_env, **node_env(node()), "ASSAY_TEST_CHROMIUM": self.chromium, "ASSAY_TEST_WHOLE_CHROMIUM": whole_chromium(), "ASSAY_TEST_OIDC": self.oidc, "NO_COLOR": "1"}
        return self._runner("browser", command, env=env, cwd=E2E)

    def faults(self):
        """Kills parts of a stack of its own under load, and looks for what is lost."""
        found = sorted((E2E / "faults").glob("test_*.py"))
        command = [self.python, "-m", "pytest", "-p", "no:cacheprovider", "--tb=short", "--color=no", "-rfEsP", *found]
        try:
            return self._runner("faults", command, env=self._faults_env(), cwd=E2E)
        finally:
            self._clean_faults()

    def _output(self, log: str, command) -> tuple:
        code = run_logged(command, f"test-{log}")
        return code, log_path(f"test-{log}").read_text(errors="replace")

    def _runner(self, log: str, command, env: dict, cwd: Path = ROOT):
        """A test runner: counts come from its closing lines; a bad end that it did not count is one more failure."""
        code = run_logged(command, f"test-{log}", env=env, cwd=cwd, timeout=None if self.long else PATIENCE)
        output = log_path(f"test-{log}").read_text(errors="replace")
        counts = count(output)
        if code != 0 and counts.failed == 0:
            counts += Counts(failed=1)
        if code == 0 and counts.passed + counts.skipped == 0:
            return counts + Counts(failed=1), f"  {log}: no test ran; the log: {log_path(f'test-{log}')}"
        if isinstance(code, str):
            return counts, f"{excerpt(output)}\n  {code}; the last lines of its log say where it stood:\n{tail(f'test-{log}')}"
        return counts, f"{excerpt(output)}\n  the whole log: {log_path(f'test-{log}')}" if code != 0 else ""

    # What they stand on.

    @cached_property
    def services(self) -> Services:
        # Where root can install Debian's own, those are used: what most people run. Elsewhere the wheels do.
        if os.geteuid() == 0 and shutil.which("apt-get") and os.environ.get("ASSAY_SERVICES") != "wheels":
            apt("postgresql", "redis-server")
        return Services(WORK, "test-", hasty=True)

    @cached_property
    def python(self) -> Path:
        return venv(E2E / "requirements.txt")

    @cached_property
    def long_env(self) -> dict:
        """What a single test each stands on, half a gigabyte and an hour: only where neither matters."""
        if not self.long:
            return {}
        return {
            "ASSAY_TEST_LIGHTNING": str(beside(self.python, E2E / "requirements-lightning.txt")),
            "ASSAY_TEST_SQLMAP": str(beside(self.python, E2E / "requirements-sqlmap.txt")),
        }

    @cached_property
    def chromium(self) -> str:
        return chromium()

    @cached_property
    def mail(self) -> dict:
        """A real SMTP server that keeps each mail as a file."""
        port, folder = self._sink(self.processes, WORK / "mail")
        return {"ASSAY_TEST_SMTP": f"smtp://127.0.0.1:{port}", "ASSAY_TEST_MAIL_DIR": str(folder)}

    def _sink(self, processes: Processes, folder: Path) -> tuple:
        port = free_port()
        processes.start("sink", [self.python, E2E / "mail_sink.py", port, folder])
        processes.wait("sink", lambda: _listens(port), 30)
        return port, folder

    @cached_property
    def oidc(self) -> str:
        """A real OpenID provider that sends people back to the running Assay; its issuer."""
        port, redirect = free_port(), f"{self.e2e_env['ASSAY_TEST_URL']}/sso/callback"
        self.processes.start("oidc", [node() / "node", E2E / "peers" / "oidc.mjs", port, redirect])
        self.processes.wait("oidc", lambda: _listens(port), 30)
        return f"http://127.0.0.1:{port}"

    @cached_property
    def binary(self) -> Path:
        """Assay, away from where compilers write."""
        # With the tests: what only they use asks more of other crates, so that alone it and the web app would be compiled once more.
        run(["cargo", "test", "--workspace", "--no-run"], "server-cargo")
        stack.place("dev", to=WORK / "assay")
        return WORK / "assay"

    @cached_property
    def common_env(self) -> dict:
        return {"ASSAY_TEST_LONG": "1"} if self.long else {}

    @cached_property
    def rust_env(self) -> dict:
        postgres, _ = self.services.postgres()
        redis, _ = self.services.redis()
        # Tests wait more than they work: for the database, for a clock of another process, for a mail.
        threads = str(2 * (os.cpu_count() or 2))
        return {"TEST_DATABASE_URL": postgres, "TEST_REDIS_URL": redis, "RUST_TEST_THREADS": threads, **self.mail, **self.common_env}

    @cached_property
    def e2e_env(self) -> dict:
        """A running Assay with its first organization, beside the web app as it ships."""
        web.build()
        assay, connection = self._assay(WORK, self.processes, self.services, "e2e", self.mail["ASSAY_TEST_SMTP"])
        stack.write_connection(connection, assay.first_sign_in(json.loads(connection.read_text())))
        # What operators do on the server's machine is done with its binary and settings.
        operator = json.dumps({"binary": str(self.binary), "env": assay.env})
        return {"ASSAY_TEST_URL": assay.url, "ASSAY_TEST_CONNECTION": str(connection), "ASSAY_TEST_OPERATOR": operator, **self.mail, **self.common_env}

    def _assay(self, folder: Path, processes: Processes, services: Services, database: str, mail: str) -> tuple:
        """Starts an Assay and makes its first organization; returns it, and the file that says how to sign in."""
        assay = stack.Stack(self.binary, processes, free_port(), {
            "DATABASE_URL": services.postgres(database)[0],
            "REDIS_URL": services.redis()[0],
            "ASSAY_BLOBS": str(folder / "blobs"),
            "ASSAY_MAIL": mail,
            "ASSAY_OUTBOUND_ALLOW": "127.0.0.0/8,::1",  # what tests import from runs on this machine
        })
        assay.migrate()
        assay.start()
        connection = folder / "connection.json"
        stack.write_connection(connection, assay.seed())
        return assay, connection

    def _faults_env(self) -> dict:
        """A second Assay that shares nothing with the first, and a file that says how to kill and start its parts."""
        self.services  # noqa: B018 (installs what they need)
        processes, services = Processes(FAULTS / "run", FAULTS_LABEL), Services(FAULTS, FAULTS_LABEL, hasty=True, killed=True)
        port, mail = self._sink(processes, FAULTS / "mail")
        assay, connection = self._assay(FAULTS, processes, services, "faults", f"smtp://127.0.0.1:{port}")
        told = FAULTS / "faults.json"
        stack.write_connection(told, {
            "folder": str(FAULTS), "label": FAULTS_LABEL, "binary": str(self.binary), "port": assay.port, "env": assay.env,
            "database": "faults", "mail": str(mail), "connection": str(connection),
        })
        return {"ASSAY_TEST_FAULTS": str(told), **self.common_env}


def node_modules() -> None:
    """Puts the locked packages where the journeys' imports find them."""
    here, there = E2E / "node_modules", npm_ci(E2E, "e2e") / "node_modules"
    if here.is_symlink():
        here.unlink()
    elif here.exists():
        return  # someone's own `npm ci`
    here.symlink_to(there)


def _end(processes: Processes, services: Services) -> None:
    for name in ("worker", "server", "sink", "oidc"):
        processes.stop(name)
    services.remove()


def _verdict(log: str, code, complaints: set) -> tuple:
    """Of a step that has no tests to count: it fails as one when there is anything to complain about."""
    if code == 0 and not complaints:
        return Counts(), ""
    told = excerpt("\n".join(sorted(complaints)).replace(f"{ROOT}/", "") or log_path(f"test-{log}").read_text(errors="replace"), 60)
    return Counts(failed=1), f"{told}\n  the whole log: {log_path(f'test-{log}')}"


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _words(counts) -> str:
    return "no tests yet" if counts is None else counts.words()
