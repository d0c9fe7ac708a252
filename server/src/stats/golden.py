"""Makes `golden.json`: what scipy and plain definitions answer to the cases that the functions of this folder are held against.

    pip install scipy==1.17.1 numpy && python golden.py

Tests and the bootstrap interval are scipy's own. Effect sizes are written out by their definitions, pair by pair; Holm's adjustment likewise.
"""
import json
from math import lgamma, exp, log, sqrt
from pathlib import Path

import numpy as np
import scipy
from scipy import stats

rng = np.random.default_rng(20260101)


def exact(value):
    return float(value)


def hedges(a, b):
    n, m = len(a), len(b)
    free = n + m - 2
    pooled = sqrt(((n - 1) * np.var(a, ddof=1) + (m - 1) * np.var(b, ddof=1)) / free)
    d = (np.mean(a) - np.mean(b)) / pooled
    g = d * exp(lgamma(free / 2) - log(sqrt(free / 2)) - lgamma((free - 1) / 2))
    half = stats.norm.ppf(0.975) * sqrt((n + m) / (n * m) + g * g / (2 * (n + m)))
    return [exact(one) for one in (d, g, g - half, g + half)]


def rank_biserial(a, b):
    n, m = len(a), len(b)
    sign = np.sign(np.subtract.outer(np.array(a), np.array(b)))
    d = sign.mean()
    z = stats.norm.ppf(0.975)
    if abs(d) == 1:
        bound = (min(n, m) - z * z) / (min(n, m) + z * z)
        return [exact(one) for one in ((d, bound, 1.0) if d > 0 else (d, -1.0, -bound))]
    rows, columns = sign.mean(axis=1), sign.mean(axis=0)
    variance = (m * m * ((rows - d) ** 2).sum() + n * n * ((columns - d) ** 2).sum() - ((sign - d) ** 2).sum()) / (n * m * (n - 1) * (m - 1))
    variance = max(variance, (1 - d * d) / (n * m - 1))
    half = z * sqrt(variance) * sqrt((1 - d * d) ** 2 + z * z * variance)
    under = 1 - d * d + z * z * variance
    return [exact(one) for one in (d, max(-1, (d - d**3 - half) / under), min(1, (d - d**3 + half) / under))]


def case(name, a, b):
    a, b = [exact(one) for one in a], [exact(one) for one in b]
    test = stats.ttest_ind(a, b, equal_var=False)
    interval = test.confidence_interval(0.95)
    ranks = stats.mannwhitneyu(a, b)
    low, first, median, third, high = np.percentile(a, [0, 25, 50, 75, 100])
    return {
        "name": name, "a": a, "b": b,
        "summary": [len(a), exact(np.mean(a)), exact(np.std(a, ddof=1)), *map(exact, (low, first, median, third, high))],
        "welch": [exact(one) for one in (test.statistic, test.df, test.pvalue, interval.low, interval.high)],
        "mann_whitney": [exact(ranks.statistic), exact(ranks.pvalue)],
        "hedges": hedges(a, b),
        "rank_biserial": rank_biserial(a, b),
    }


def normal(mean, sd, count):
    return rng.normal(mean, sd, count)


def holm(p):
    order = sorted(range(len(p)), key=lambda at: p[at])
    adjusted = [0.0] * len(p)
    for rank, at in enumerate(order):
        adjusted[at] = min(1.0, max(p[order[k]] * (len(p) - k) for k in range(rank + 1)))
    return adjusted


def draws(a, b):
    # scipy draws; its draws are kept, so that the interval can be computed from the same ones.
    a, b = [exact(one) for one in a], [exact(one) for one in b]
    found = stats.bootstrap(
        (np.array(a), np.array(b)), lambda x, y, axis: np.mean(x, axis=axis) - np.mean(y, axis=axis),
        n_resamples=299, method="BCa", rng=np.random.default_rng(7), vectorized=True,
    )
    return {
        "a": a, "b": b, "draws": [exact(one) for one in found.bootstrap_distribution],
        "interval": [exact(found.confidence_interval.low), exact(found.confidence_interval.high)],
    }


cases = [
    case("two and two", [1.0, 2.0], [4.0, 7.0]),
    case("three seeds", [0.912, 0.917, 0.909], [0.891, 0.897, 0.893]),
    case("five seeds, no difference", normal(0.9, 0.01, 5), normal(0.9, 0.01, 5)),
    case("complete separation", [1, 2, 3, 4, 5], [6, 7, 8, 9, 10]),
    case("eight and nine", normal(0, 1, 8), normal(1, 1, 9)),
    case("eight and two hundred", normal(0.5, 1, 8), normal(0, 1, 200)),
    case("nine and nine", normal(0, 1, 9), normal(0.2, 3, 9)),
    case("small with ties", [1, 2, 2, 3], [2, 3, 3, 4, 5]),
    case("many ties", rng.integers(0, 4, 60), rng.integers(1, 5, 45)),
    case("unequal spread", normal(0, 0.01, 12), normal(0, 5, 40)),
    case("unequal size", normal(10, 1, 3), normal(11, 2, 300)),
    case("one group without spread", [5.0, 5.0, 5.0], [5.1, 5.2, 4.7, 5.05]),
    case("far apart", normal(0, 1, 30), normal(20, 1, 30)),
    case("very far apart", normal(0, 1, 400), normal(5, 1, 400)),
    case("tiny values", normal(1e-7, 1e-9, 10), normal(1.001e-7, 1e-9, 12)),
    case("large values", normal(1e9, 1e6, 20), normal(1.0005e9, 1e6, 20)),
    case("negative", normal(-3, 0.5, 15), normal(-3.2, 0.5, 18)),
    case("skewed", rng.exponential(1, 50), rng.exponential(1.5, 70)),
    case("heavy tails", rng.standard_t(2, 80), rng.standard_t(2, 80) + 0.3),
    case("hundreds", normal(0.80, 0.05, 500), normal(0.81, 0.05, 700)),
    case("thousands", normal(0, 1, 2500), normal(0.05, 1, 2500)),
    case("rounded accuracies", np.round(normal(0.93, 0.01, 30), 2), np.round(normal(0.925, 0.01, 25), 2)),
]
families = [[0.01, 0.04, 0.03, 0.005], [0.2], [0.5, 0.5, 0.5], [1e-12, 0.9, 0.02, 0.02, 0.02, 1.0], [0.0, 1e-300, 0.04]]
table = {
    "made_with": f"scipy {scipy.__version__}",
    "cases": cases,
    "holm": [{"p": p, "adjusted": holm(p)} for p in families],
    "bootstrap": [
        draws(normal(0, 1, 20), normal(0.5, 2, 15)),
        draws(rng.exponential(1, 40), rng.exponential(2, 12)),
        # Whole numbers: scipy takes draws for equal to the observed difference only when no bit differs.
        draws([9, 17, 12], [1, 4, 2]),
    ],
}
Path(__file__).with_name("golden.json").write_text(json.dumps(table, separators=(",", ":")).replace('{"name"', '\n{"name"').replace('{"a"', '\n{"a"') + "\n")
