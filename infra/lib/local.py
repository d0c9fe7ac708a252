"""Assay on one machine: what infra/up and infra/down do."""
from __future__ import annotations

import fcntl
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


def up(profile: str) -> dict:
    """Every step from nothing to a running Assay, its server compiled with `profile`; each is skipped when it is done already. Returns how to reach it."""
    with step("toolchain") as note:
        note(toolchain())
    with program(profile) as finished:
        env = {
            "DATABASE_URL": _service("postgres", "DATABASE_URL"),
            "REDIS_URL": _service("redis", "REDIS_URL"),
            "ASSAY_BLOBS": str(LOCAL / "blobs"),
            "ASSAY_MAIL": f"file:{LOCAL / 'mail'}",
        }
        for folder in ("blobs", "mail"):
            (LOCAL / folder).mkdir(exist_ok=True)
            (LOCAL / folder).chmod(0o700)
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
        connection = _connection(assay, note)
    return connection


def down() -> list:
    """Stops server and worker, then what they used; returns their names."""
    stopped = [name for name in stack.ROLES if PROCESSES.stop(name, patience=stack.PATIENCE)]
    return stopped + Services(LOCAL).stop()


def reset() -> None:
    """Forgets all data that infra/up made."""
    if os.environ.get("DATABASE_URL"):
        raise Failure("--reset does not empty a database that infra/up did not make: empty the one at DATABASE_URL yourself, then run infra/up")
    with step("reset"):
        down()
        Services(LOCAL).remove()
        for folder in ("blobs", "mail"):
            shutil.rmtree(LOCAL / folder, ignore_errors=True)
        _known_of(_database())
        CONNECTION.unlink(missing_ok=True)


def tell(connection: dict) -> None:
    """The end of infra/up: the way in, and the first thing to try."""
    if "token" not in connection:
        print(f"Assay runs at {connection['url']}")
        return
    print(f"""Assay runs at {connection["url"]}

  organization  {connection["organization"]}
  e-mail        {connection["email"]}
  password      {connection["password"]}
  API token     {connection["token"]}

Password and token were made by the first start and shown once: Assay keeps only their hashes. This command keeps them in
{CONNECTION}, which only this account reads. Mails that Assay sends are files in {LOCAL / "mail"}.
A first training (pip install mlflow scikit-learn), to paste into python:

{example(connection["url"], connection["token"])}

infra/down stops it, infra/up starts it again.""")


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


def _port() -> int:
    """PORT, else where it listened before, else the first free one; never one that another program holds."""
    ours = (PROCESSES.facts("server") or {}).get("port")
    wanted = int(os.environ.get("PORT") or 0)
    if wanted and wanted != ours and not port_is_free(wanted):
        raise Failure(f"port {wanted} is in use by another program; choose one with PORT=... infra/up")
    before = _known().get("url", "").rpartition(":")[2]
    choices = [wanted] if wanted else [int(port) for port in [before] if port.isdigit()] + list(range(FIRST_PORT, FIRST_PORT + PORTS))
    for port in choices:
        if port == ours or port_is_free(port):
            return port
    raise Failure(f"no port from {FIRST_PORT} to {FIRST_PORT + PORTS} is free; choose one with PORT=... infra/up")


def _known() -> dict:
    return json.loads(CONNECTION.read_text()) if CONNECTION.exists() else {}


def _database() -> str:
    """Which database Assay works on: host, port and name of the one that was given, without who asks."""
    given = urlsplit(os.environ.get("DATABASE_URL", ""))
    return f"{given.hostname or 'localhost'}:{given.port or 5432}/{given.path.strip('/')}" if given.scheme else "private"


def _kept(database: str) -> Path:
    """Where the connection of a database that is not in use is kept."""
    return CONNECTION.with_name(f"connection-{re.sub('[^A-Za-z0-9.]+', '-', database)}.json")


def _known_of(database: str) -> dict:
    """What an earlier start learned of this database; what the file says of another one is put aside and found again with that."""
    other = _known().get("database", database)
    if other != database:
        CONNECTION.replace(_kept(other))
    if not CONNECTION.exists() and _kept(database).exists():
        _kept(database).replace(CONNECTION)
    return _known()


def _connection(assay: stack.Stack, note) -> dict:
    """What the first start learned; the password and the token are shown by the seed once, and kept only in the file, with the database that they are of."""
    database = _database()
    seeded, known = assay.seed(), _known_of(database)
    if "token" in seeded:
        known = seeded
        note(f"{known['organization']}, owner {known['email']}")
    elif not known:
        note(f"{database} was set up by an earlier start from elsewhere; only its people know how to sign in")
        return {"url": assay.url}
    else:
        note("as before")
    known.update(url=assay.url, database=database)
    stack.write_connection(CONNECTION, known)
    return known
