"""One Assay for all tests, and the loads that ran on it: what outlives a fault is compared after each and once more at the end."""
import os
from pathlib import Path

import pytest

from ledger import problems
from load import Load, read
from system import System


@pytest.fixture(scope="session")
def system():
    return System(Path(os.environ["ASSAY_TEST_FAULTS"]))


@pytest.fixture(scope="session")
def loads():
    """Every load of the session, in order."""
    return []


@pytest.fixture
def load(system, loads):
    """Makes a load; its name begins the addresses that it invites."""

    def make(name: str, **options) -> Load:
        loads.append(Load(system.url, system.token, name, **options))
        return loads[-1]

    return make


@pytest.fixture
def intact(system):
    """Says that a load which has ended left everything it was promised, and a whole audit chain."""

    def check(load: Load) -> None:
        system.heal()
        stored = read(system.url, system.token, load.experiment)
        found = problems(load.ledger, stored)
        assert not found, "\n".join([f"{len(found)} problems:", *found[:20]])
        system.audit_is_whole()
        print(f"{load.name}: {load.done()} writes acknowledged, {len(load.ledger.unknown)} unknown, {len(load.ledger.runs)} runs acknowledged, {len(stored)} stored, "
              f"{len(load.ledger.invited)} invitations, attempts without success {dict(load.ledger.unanswered)}")

    return check
