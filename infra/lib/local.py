"""Assay on one machine: what infra/up and infra/down do."""
from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import stack
import web
from fingerprint import SERVER_SOURCES, fingerprint, unchanged
from paths import CONNECTION, LOCAL, SITE
from processes import Processes, port_is_free
from run import Failure, answer, beside, log_path
from services import Services
from steps import compiles, say, step
from toolchain import toolchain

PROCESSES = Processes(LOCAL / "run")
# Profiles of cargo that the server is compiled with: the one for a first look, and the one for production and for figures, which takes longer.
QUICK, RELEASE = "quick", "release"
FIRST_PORT, PORTS = 8080, 50
# What Assay keeps in files: artifacts with the key that seals what is in the database, and mails.
FOLDERS = ("blobs", "mail")
# On Debian and Ubuntu pip installs nothing outside of a virtual environment.
SHELL = """python3 -m venv training     # Debian, Ubuntu: apt install python3-venv
training/bin/pip install 'mlflow==3.17.*' scikit-learn
training/bin/python"""
# What `_database` calls the one that infra/up makes.
PRIVATE = "private"


@contextmanager
def lock():
    """One command at a time changes what runs in this checkout."""
    LOCAL.mkdir(exist_ok=True)
    with open(LOCAL / "lock", "w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Failure("infra/up or infra/down already runs in this checkout; stop it, or wait for its end") from None
        yield


def up(profile: str) -> tuple:
    """Every step from nothing to a running Assay, its server compiled with `profile`; each is skipped when it is done already. Returns how to reach it, and
    whether this start made its first organization."""
    with step("toolchain") as note:
        note(toolchain())
    with program(profile) as finished:
        folders = {name: folder_of(name, _database()) for name in FOLDERS}
        env = {
            "DATABASE_URL": _service("postgres", "DATABASE_URL"),
            "REDIS_URL": _service("redis", "REDIS_URL"),
            "ASSAY_BLOBS": str(folders["blobs"]),
            "ASSAY_MAIL": f"file:{folders['mail']}",
        }
        for folder in folders.values():
            folder.mkdir(exist_ok=True)
            folder.chmod(0o700)
        with step("web app") as note:
            note(web.build())
        with step("server program") as note:
            note(finished())
    assay = stack.Stack(binary(profile), PROCESSES, _port(), env)
    inputs = fingerprint((), _stamp(profile).read_text(), (SITE / "manifest.json").read_text(), json.dumps(assay.env))
    if assay.running(inputs):
        say("  server and worker run already")
    else:
        assay.stop()
        with step("migrations"):
            assay.migrate()
        with step("server and worker") as note:
            assay.start(inputs)
            note(assay.url)
    with step("first organization") as note:
        return _connection(assay, note)


def down() -> list:
    """Stops server and worker, then what they used; returns their names."""
    stopped = [name for name in stack.ROLES if PROCESSES.stop(name, patience=stack.PATIENCE)]
    return stopped + Services(LOCAL).stop()


def reset() -> None:
    """Forgets the private database and its files; what belongs to a database that was given by DATABASE_URL stays."""
    if os.environ.get("DATABASE_URL"):
        raise Failure("--reset does not empty a database that infra/up did not make: empty the one at DATABASE_URL yourself, then run infra/up")
    with step("reset"):
        down()
        Services(LOCAL).remove()
        for name in FOLDERS:
            shutil.rmtree(folder_of(name, PRIVATE), ignore_errors=True)
        _known_of(PRIVATE)
        CONNECTION.unlink(missing_ok=True)


def tell(connection: dict, first: bool) -> None:
    """The end of infra/up: the way in, and the first thing to try. Secrets are shown by the start that made them alone."""
    print(f"Assay runs at {connection['url']}")
    if first:
        print(f"""
  organization  {connection["organization"]}
  e-mail        {connection["email"]}
  password      {connection["password"]}   (for the first sign-in, which asks for one of your own)
  API token     {connection["token"]}

Password and token are shown this once: Assay keeps only their hashes, and this command keeps them in
{CONNECTION}, which only this account reads.

A first training. In a shell:

{SHELL}

and into the Python that it starts:

{example(connection["url"], connection["token"])}
""")
    elif "token" in connection:
        print(f"""
  organization  {connection["organization"]}
  e-mail        {connection["email"]}

The password is the one that was chosen at the first sign-in; before that, the one-time password. That and the first API token are in
{CONNECTION}. A training to paste is in README.md.
""")
    print(f"Mails that Assay sends are files in {folder_of('mail', _database())}.\ninfra/down stops it, infra/up starts it again.")



def example(url: str, token: str) -> str:
    """Five lines that log a real training."""
    return f"""import os, mlflow, sklearn.datasets, sklearn.ensemble
os.environ["MLFLOW_TRACKING_TOKEN"] = "{token}"
mlflow.set_tracking_uri("{url}")
mlflow.sklearn.autolog()
sklearn.ensemble.RandomForestRegressor(100).fit(*sklearn.datasets.load_diabetes(return_X_y=True))"""


def _service(name: str, variable: str) -> str:
    """The URL given in the environment, else a private service's."""
    with step(name) as note:
        if os.environ.get(variable):
            note(f"as given by {variable}")
            return os.environ[variable]
        url, words = getattr(Services(LOCAL), name)()
        note(words)
        return url


def binary(profile: str) -> Path:
    """Where the server compiled with `profile` is kept."""
    return LOCAL / "bin" / profile / "assay"


def _stamp(profile: str) -> Path:
    return binary(profile).with_suffix(".inputs")


@contextmanager
def program(profile: str):
    """Compiles the server with `profile` unless that is current, beside what the block does. Yields a function that waits for it and returns a few words on
    what was done."""
    inputs, kept = fingerprint(SERVER_SOURCES, answer(["rustc", "--version"]) or ""), binary(profile)
    if kept.exists() and unchanged(_stamp(profile), inputs):
        yield lambda: "unchanged"
        return
    compiles("the server", log_path("server-cargo"))
    with beside(stack.compile_command(profile), "server-cargo") as wait:

        def finished() -> str:
            wait()
            stack.place(profile, to=kept)
            _stamp(profile).write_text(inputs)
            return f"{kept.stat().st_size / 1e6:.0f} MB"

        yield finished


def wanted_port() -> int | None:
    """The port that PORT asks for, if it asks for one."""
    text = os.environ.get("PORT", "")
    if not text:
        return None
    if not re.fullmatch("[0-9]{1,5}", text) or not 0 < int(text) < 65536:
        raise Failure(f"PORT is {text!r}; it must be a number from 1 to 65535, as in PORT=9000 infra/up")
    return int(text)


def _port() -> int:
    """PORT, else where it listened before, else the first free one; never one that another program holds."""
    ours = (PROCESSES.facts("server") or {}).get("port")
    wanted = wanted_port()
    if wanted and wanted != ours and not port_is_free(wanted):
        raise Failure(f"port {wanted} is in use by another program, or not for this account; choose one with PORT=... infra/up")
    before = [port for port in (ours, urlsplit(_known().get("url", "")).port) if port]
    choices = [wanted] if wanted else [*before, *range(FIRST_PORT, FIRST_PORT + PORTS)]
    for port in choices:
        if port == ours or port_is_free(port):
            return port
    raise Failure(f"no port from {FIRST_PORT} to {FIRST_PORT + PORTS} is free; choose one with PORT=... infra/up")


def _known() -> dict:
    return json.loads(CONNECTION.read_text()) if CONNECTION.exists() else {}


def _database() -> str:
    """Which database Assay works on: host, port and name of the one that was given, without who asks."""
    given = urlsplit(os.environ.get("DATABASE_URL", ""))
    return f"{given.hostname or 'localhost'}:{given.port or 5432}/{given.path.strip('/')}" if given.scheme else PRIVATE


def _kept(database: str) -> Path:
    """Where the connection of a database that is not in use is kept."""
    return CONNECTION.with_name(f"connection-{_named(database)}.json")


def folder_of(name: str, database: str) -> Path:
    """Where files of a database are: no two have one folder."""
    return LOCAL / (name if database == PRIVATE else f"{name}-{_named(database)}")


def _named(database: str) -> str:
    """A database in the name of a file, never as another one."""
    return f"{re.sub('[^A-Za-z0-9.]+', '-', database)}-{hashlib.sha256(database.encode()).hexdigest()[:8]}"


def _known_of(database: str) -> dict:
    """What an earlier start learned of this database; what the file says of another one is put aside and found again with that."""
    other = _known().get("database", database)
    if other != database:
        CONNECTION.replace(_kept(other))
    kept = _kept(database)
    if kept.exists():  # put aside, or of a seed that was stopped before it could be taken over: newer than what else there is
        stack.write_connection(CONNECTION, {**json.loads(kept.read_text()), "database": database})
        kept.unlink()
    return _known()


def _connection(assay: stack.Stack, note) -> tuple:
    """What the first start learned, and whether this is it; password and token are told by the seed once, and kept only in the file, with the database that
    they are of."""
    database = _database()
    _known_of(database)
    first = "token" in assay.seed(_kept(database))
    known = _known_of(database)
    if first:
        note(f"{known['organization']}, owner {known['email']}")
    elif not known:
        note(f"{database} was set up by an earlier start from elsewhere; only its people know how to sign in")
        return {"url": assay.url}, False
    else:
        note("as before")
    known.update(url=assay.url, database=database)
    stack.write_connection(CONNECTION, known)
    return known, first
