"""infra/bench says of each demand whether it was met, and its end says of all."""
from collections import Counter

import pytest

from bench.load import Load
from bench.measures import FULL, QUICK
from bench.session import Session
from bench.table import FIGURES, MEASURES, missed, table

# What the peer might do, where it does the same, and what then just reaches the demands.
PEERS = {"fill": 10, "points": 1_000, "calls": 50, "history": 0.3, "search": 10, "bytes": 100, "memory": 1e9, "page": 2, "transfer": 4e6}
OURS = {"fill": 300, "points": 50_000, "calls": 1_000, "history": 0.01, "bytes": 5, "bytes-single": 500, "memory": 189e6, "page": 0.499, "transfer": 699e3, "code": 599e3}
OURS |= {"search": 400, "chart": 0.049, "million": 0.099, "million-filter": 0.299, "million-order": 9}
OURS |= {"tenants": 0.024, "backend": 219e6, "revoked": 0, "imports": 179}


@pytest.mark.parametrize(("name", "value"), [("fill", 299), ("points", 49_999), ("calls", 999), ("history", 0.0101), ("bytes", 5.1), ("memory", 191e6), ("page", 0.5), ("transfer", 700e3), ("code", 600e3), ("search", 399), ("chart", 0.05), ("million", 0.1), ("million-filter", 0.3), ("tenants", 0.025), ("backend", 220e6), ("revoked", 1), ("imports", 180)])
def test_each_demand_can_be_missed(name, value):
    assert missed(OURS, PEERS) == []
    assert missed({**OURS, name: value}, PEERS) == [name]
    assert "MISSED" in table({**OURS, name: value}, PEERS) and "MISSED" not in table(OURS, PEERS)


def test_every_figure_with_a_demand_is_judged():
    assert {figure.name for figure in FIGURES if figure.times or figure.limit} == set(OURS) - {"bytes-single", "million-order"}


def test_without_the_peer_only_limits_are_judged():
    assert missed({**OURS, "fill": 1, "transfer": 800e3}, {}) == ["transfer"]


@pytest.mark.parametrize(("size", "expected"), [(FULL, ["page"]), (QUICK, [])])
def test_a_quick_look_judges_nothing(size, expected):
    session = Session(MEASURES, size, peer=True, assay=True)
    session.figures = {"assay": {**OURS, "page": 0.6}, "mlflow": PEERS}
    assert session.missed() == expected


def test_a_share_of_all_answers_came_within_the_wait_of_the_slowest_of_them():
    load = Load(waits=Counter({300: 1, 0: 98, 49: 1}))  # tenths of a millisecond
    assert [load.within(share) for share in (0.5, 0.98, 0.99, 1)] == [0.0001, 0.0001, 0.005, 0.0301]
    assert Load().within(0.99) == 0
