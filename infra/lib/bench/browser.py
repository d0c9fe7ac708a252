"""A cold visit to a page, in headless Chromium."""
from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

from packages import chromium, node, node_env, npm_ci
from paths import ROOT
from run import LOGS, Failure, tail

SCRIPT = Path(__file__).parent / "page.mjs"


def prepare() -> None:
    """Installs what visits need, before anything is timed."""
    chromium()
    npm_ci(ROOT / "e2e", "e2e")


def visits(target, experiment: str, times: int) -> list:
    """One dictionary a visit: `paint`, `rows` and `readable` in ms since the navigation began, `bytes` and `requests` of all that it loaded."""
    task = {"url": target.url, "times": times, **target.page(experiment)}
    environment = {
        **os.environ, **node_env(node()), "BENCH_CHROMIUM": chromium(), "BENCH_MODULES": str(npm_ci(ROOT / "e2e", "e2e")),
        "BENCH_SCREENSHOT": str(LOGS / f"bench-page-{target.slug}.png"),
    }
    log = f"bench-page-{target.slug}"
    with open(LOGS / f"{log}.log", "wb") as errors:
        done = subprocess.run(
            [str(node() / "node"), str(SCRIPT)], input=json.dumps(task).encode(), env=environment, timeout=60 + 60 * times,
            stdout=subprocess.PIPE, stderr=errors, check=False,
        )
    if done.returncode != 0:
        raise Failure(f"the page could not be visited.\n{tail(log)}")
    return json.loads(done.stdout)
