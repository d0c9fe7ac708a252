"""The comparison tells each kind of loss; without that, the tests of faults would prove nothing."""
import copy

import pytest

from ledger import Ledger, Stored, Write, problems

POINTS = (("loss", 0, 1, 0.5), ("loss", 1, 2, 0.25))
WRITE = Write("r", POINTS, (("p", "1"),), (("t", "2"),))


@pytest.fixture
def ledger():
    ledger = Ledger(acked=[WRITE], runs={"r": "first"}, ends={"r": 9})
    ledger.tokens["first"] = 1
    return ledger


@pytest.fixture
def stored():
    return {"r": Stored("FINISHED", 9, {"p": "1"}, {"token": "first", "t": "2"}, {"loss": (1, 2, 0.25)}, list(POINTS))}


def test_what_is_whole_has_no_problem(ledger, stored):
    assert problems(ledger, stored) == []


@pytest.mark.parametrize(("loss", "words"), [
    (lambda stored: stored.pop("r"), "the acknowledged run r is lost"),
    (lambda stored: stored["r"].points.pop(0), "an acknowledged write to run r lost 1 of 4 parts"),
    (lambda stored: stored["r"].params.clear(), "an acknowledged write to run r lost 1 of 4 parts"),
    (lambda stored: stored["r"].tags.update(t="other"), "an acknowledged write to run r lost 1 of 4 parts"),
    (lambda stored: stored["r"].tags.pop("token"), "lost its first tag"),
    (lambda stored: setattr(stored["r"], "status", "RUNNING"), "the end of run r is lost"),
    (lambda stored: setattr(stored["r"], "latest", {"loss": (0, 1, 0.5)}), "the latest values of run r"),
    (lambda stored: stored["r"].points.append(POINTS[0]), "2 times"),
    (lambda stored: stored["r"].points.append(("loss", 0, 1, 0.75)), "which nobody sent"),
    (lambda stored: stored.update(other=copy.deepcopy(stored["r"])), "2 runs of a creation that was sent 1 times"),
])
def test_each_loss_is_told(ledger, stored, loss, words):
    loss(stored)
    assert any(words in problem for problem in problems(ledger, stored))


@pytest.mark.parametrize(("kept", "whole"), [(0, True), (1, False), (2, True)])
def test_a_write_without_an_answer_is_there_whole_or_not_at_all(ledger, stored, kept, whole):
    lost = (("rate", 0, 1, 0.5), ("rate", 1, 2, 0.25))
    ledger.unknown.append(Write("r", lost))
    stored["r"].points += lost[:kept]
    stored["r"].latest |= {"rate": lost[kept - 1][1:]} if kept else {}
    assert (problems(ledger, stored) == []) == whole


def test_an_answer_that_ends_a_client_is_a_problem(ledger, stored):
    ledger.final.append("404")
    assert problems(ledger, stored)
