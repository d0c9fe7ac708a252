"""What was acknowledged outlives `kill -9` of each process, and Redis that forgets or is away.

The first test leaves jobs whose worker is gone; their leases run out while the later ones run, and the last ones look at what became of them.
"""
import time

import pytest

from ledger import problems
from load import read
from system import wait_for

KILLS = 5
WRITES = 120  # acknowledged between two faults, so that the next one meets a load at work
LEASE = 30  # seconds after which another worker takes the job of one that is gone
WITHOUT_REDIS = 30  # seconds


def more(load, writes=WRITES):
    """Waits until the load got on."""
    goal = load.done() + writes
    wait_for(f"{writes} more writes; final answers: {load.ledger.final}", lambda: load.done() >= goal or load.ledger.final, 60)


def test_a_worker_killed_in_the_middle_of_its_jobs_loses_nothing(system, load, intact):
    with load("worker") as running:
        with system.hanging_mail_server():
            leased = "state = 'leased' and kind = 'mail.send'"
            wait_for("mail on its way", lambda: system.count(leased), 20)
            system.kill("worker")
        assert system.count(leased)
        system.restart("worker")
        for _ in range(KILLS - 1):
            more(running)
            system.kill("worker")
            more(running, 20)
            system.restart("worker")
    assert not running.ledger.unanswered, "the server does not need a worker to store"
    intact(running)


@pytest.mark.parametrize(("name", "doing"), [
    ("postgres", "xact_start is not null and query ~ 'public.enter|create_runs|audit_append'"),
    ("postgres-witness", "query ~ 'pg_logical_emit_message'"),
])
def test_a_killed_postgres_process_loses_nothing_acknowledged(system, load, intact, name, doing):
    server, worker = system.pid("server"), system.pid("worker")
    with load(name, threads=12) as running:
        for _ in range(KILLS):
            more(running)
            system.kill_backend(doing)
        more(running)
    assert running.ledger.unanswered, "no request met the fault"
    assert (system.pid("server"), system.pid("worker")) == (server, worker), "one of them ended with its connections"
    intact(running)


def test_a_killed_server_loses_nothing_acknowledged(system, load, intact):
    with load("server") as running:
        for _ in range(KILLS):
            more(running)
            system.kill("server")
            system.restart("server")
        more(running)
    assert running.ledger.unanswered, "no request met the fault"
    intact(running)


def test_redis_that_forgets_everything_loses_nothing(system, load, intact):
    with load("redis") as running:
        for _ in range(20):
            more(running, WRITES // 5)
            system.services.tell_redis("FLUSHALL")
    assert not running.ledger.unanswered
    intact(running)


def test_thirty_seconds_without_redis_refuse_nothing_and_mail_goes_out(system, load, intact):
    server, worker = system.pid("server"), system.pid("worker")
    with load("without-redis", threads=3, pause=0.05) as running:
        more(running, 50)
        known = system.kill("redis")
        back = time.monotonic() + WITHOUT_REDIS
        more(running, 50)
        invited = set(running.ledger.invited)
        wait_for("mail while Redis is away", lambda: invited <= system.mailed(), 10)
        time.sleep(max(0, back - time.monotonic()))
        system.services.redis(before=known)
        wait_for("the bell is rung again", lambda: system.services.tell_redis("EXISTS", "assay:jobs") == ":1", 20)
        more(running, 50)
    assert not running.ledger.unanswered
    assert (system.pid("server"), system.pid("worker")) == (server, worker)
    intact(running)


def test_mail_arrives_for_what_was_committed_and_for_nothing_else(system, loads):
    acknowledged = set().union(*(load.ledger.invited for load in loads))
    wait_for("mail to everybody who was invited", lambda: acknowledged <= system.mailed(), LEASE + 15)
    wait_for("no job waits", lambda: not system.count("state in ('queued', 'leased')"), LEASE + 15)
    assert system.sql("select kind, state, last_error from jobs where state <> 'done'") == []
    committed = {address for (address,) in system.sql("select email from invitations")}
    assert acknowledged <= committed
    assert system.mailed() == committed


def test_every_run_has_its_one_audit_entry_and_compaction_keeps_each_point_once(system, loads):
    ((schema,),) = system.sql("select 't_' || replace(id::text, '-', '') from tenants")
    created = sorted(subject for (subject,) in system.sql(f"select right(subject_id, 32) from {schema}.audit_entries where action = 'run.create'"))
    chunks = system.sql(f"select replace(run_id::text, '-', ''), key, sum(points) from {schema}.metric_chunks group by 1, 2")
    pending = {run for (run,) in system.sql(f"select distinct replace(run_id::text, '-', '') from {schema}.metric_batches")}
    runs = {}
    for load in loads:
        stored = read(system.url, system.token, load.experiment)
        assert problems(load.ledger, stored) == []
        runs |= stored
    assert created == sorted(runs)
    assert chunks
    for run, key, points in chunks:
        there = sum(point[0] == key for point in runs[run].points)
        assert int(points) == there or (run in pending and int(points) < there), f"run {run} has {there} points of {key}, its chunks {points}"
    system.audit_is_whole()
