"""An experiment with very many runs, made in the database, because no client makes it in minutes; and what a reader of its table waits for."""
from __future__ import annotations

import json
import statistics
import time

from paths import ROOT
from run import Failure

# What the page of an experiment asks for.
TABLE = ROOT / "app" / "src" / "experiments" / "experiment_runs.graphql"
ROWS = 100
# A run a second, the last one now; ids in that order, as ids are.
FILL = """
select set_config('search_path', '{schema}', false), set_config('app.tenant_id', '{tenant}', false);
create temporary table made as select n, (lpad(to_hex({end_ms} - ({runs} - n) * 1000), 12, '0') || '70008000' || lpad(to_hex(n), 12, '0'))::uuid as id,
    {end_ms} - ({runs} - n) * 1000 as at from generate_series(1::bigint, {runs}) n;
insert into runs (id, experiment_id, name, user_name, created_by, status, started_ms, ended_ms, created_at)
    select id, '{experiment}', 'run-' || n, 'bench', 'bench', case when n % 500 = 0 then 'FAILED' else 'FINISHED' end, at, at + 60000, to_timestamp(at / 1000) from made;
insert into run_params (run_id, params)
    select id, jsonb_build_object('optimizer', (array['adam', 'sgd', 'lamb'])[(1 + n % 3)::int], 'rate', (n % 1000)::text, 'seed', (n % 10)::text) from made;
insert into latest_metrics (run_id, key, value, step, at_ms, count, low, high)
    select id, k, v, 0, at, 1, v, v from made cross join lateral (values ('auc', ((n * 7919) % 1000003) / 1000003.0), ('loss', ((n * 104729) % 1000003) / 1000003.0)) m (k, v);
insert into run_tags (run_id, key, value) select id, 'team', case when n % 10000 = 0 then 'rare' else 'fraud' end from made;
analyze runs; analyze run_params; analyze latest_metrics; analyze run_tags;
"""
FILTERS = (
    "metrics.auc > 0.9999",
    "metrics.auc > 0.5 and params.optimizer = 'adam'",
    "params.rate = '7' and metrics.loss < 0.01",
    "params.rate = 'none'",
    "tags.team = 'rare'",
    "attributes.status = 'FAILED'",
    "attributes.run_name = 'run-{middle}'",
    "attributes.run_name LIKE 'run-{middle}%'",
    "attributes.run_name ILIKE '%nothing%'",
)


def fill(target, runs: int, experiment: str) -> None:
    tenant = target.query("select id from tenants")
    names = {"runs": runs, "tenant": tenant, "schema": f"t_{tenant.replace('-', '')}", "experiment": experiment, "end_ms": int(time.time() * 1000)}
    target.query(FILL.format(**names))


class Reader:
    """Asks as the page does, and waits for the last byte."""

    def __init__(self, client, experiment: str, times: int) -> None:
        self.client, self.experiment, self.times = client, experiment, times
        self.text = TABLE.read_text()

    def page(self, **asked) -> float:
        """The median of several times, in seconds."""
        variables = {"id": self.experiment, "first": ROWS, "lifecycle": "ACTIVE", "metrics": True, "params": True, "tags": True, "datasets": False, **asked}
        body, waited = json.dumps({"query": self.text, "variables": variables}), []
        for _ in range(self.times):
            start = time.perf_counter()
            told = json.loads(self.client.send("POST", "/graphql", body))
            waited.append(time.perf_counter() - start)
            if told.get("errors"):
                raise Failure(f"the table of runs was refused: {told['errors']}")
        return statistics.median(waited)
