"""The run table of an experiment with a million runs: how long the server takes for a page, whatever is asked for.

The runs are put into the database by its owner: what is measured is reading. Each has 4 metrics, 5 params and 2 tags of its own; the values of some are few,
of others as many as runs. A query is asked several times, with another number in it where it has one, and its median counts.
"""
from __future__ import annotations

import json
import statistics
import time

RUNS = 1_000_000
REPEATS = 7
FIRST = 30

SEED = """
set statement_timeout = 0; set work_mem = '256MB'; set maintenance_work_mem = '512MB';
set search_path to {schema}; set app.tenant_id = '{tenant}';
create temporary table fresh as select n, gen_random_uuid() as id, 1600000000000 + n * 1000::bigint as started from generate_series(1, {runs}) n;
insert into runs (id, experiment_id, name, user_name, created_by, status, started_ms, ended_ms, created_at, revision)
    select id, '{experiment}', 'run ' || n, (array['ada', 'grace', 'mary'])[1 + n % 3], 'bench@example.com',
        (array['FINISHED', 'FINISHED', 'FINISHED', 'FINISHED', 'FINISHED', 'FINISHED', 'FINISHED', 'FINISHED', 'FAILED', 'KILLED'])[1 + n % 10], started, started + 60000,
        to_timestamp(started / 1000.0), 3 from fresh;
insert into run_params (run_id, params)
    select id, jsonb_build_object('model', (array['tree', 'net', 'linear'])[1 + n % 3], 'lr', (0.001 * (n % 40))::text, 'seed', n::text, 'depth', (n % 12)::text, 'rare', case when n % 100000 = 77 then 'yes' else 'no' end) from fresh;
insert into run_tags (run_id, key, value) select id, t.key, t.value from fresh, lateral (values ('team', (array['fraud', 'churn', 'search', 'ads'])[1 + n % 4]), ('commit', md5(n::text))) t (key, value);
insert into latest_metrics (run_id, key, value, step, at_ms, count, low, high)
    select id, m.key, m.value, 0, started, 1, m.value, m.value from fresh,
    lateral (values ('auc', 0.5 + 0.4999 * random()), ('loss', random()), ('epochs', (n % 50)::double precision), ('time', 60 * random())) m (key, value);
analyze runs; analyze run_params; analyze run_tags; analyze latest_metrics;
"""

TABLE = """query($id: ID!, $filter: String, $order: [String!]) { experiment(id: $id) {
    runs(first: %d, filter: $filter, orderBy: $order) { nodes { id name status startedAt endedAt createdBy metrics { key value } params { key value } } pageInfo { endCursor hasNextPage } totalCount totalIsLeast } } }""" % FIRST
HEAD = "query($id: ID!) { experiment(id: $id) { name runCount runCountIsLeast lastRunAt tags { key value } metricKeys paramKeys tagKeys } }"
FACETS = "query($id: ID!) { experiment(id: $id) { facets { field values { value count } } } }"

# By what is asked: filter and order.
FILTERS = {
    "a common metric": ("metrics.auc > 0.75", None),
    "a rare metric": ("metrics.auc > 0.99989", None),
    "no such metric": ("metrics.none > 1", None),
    "a common param": ("params.model = 'net'", None),
    "one param in a hundred thousand": ("params.rare = 'yes'", None),
    "one run's param": ("params.seed = '4711'", None),
    "a param like": ("params.seed LIKE '%99999%'", None),
    "a common tag": ("tags.team = 'fraud'", None),
    "one run's tag": ("tags.commit = 'd41d8cd98f00b204e9800998ecf8427e'", None),
    "a tag like": ("tags.commit LIKE '%abcdef%'", None),
    "a state": ("attributes.status = 'KILLED'", None),
    "a name like": ("attributes.run_name LIKE '%77777%'", None),
    "a time": ("attributes.start_time < 1600000500000", None),
    "either of two": ("metrics.loss < 0.000001 OR params.rare = 'yes'", None),
    "all of three": ("metrics.auc > 0.9 AND params.model = 'tree' AND tags.team = 'ads'", None),
    "not": ("NOT params.rare = 'no'", None),
}
ORDERS = {"a metric": ("", ["metrics.auc DESC"]), "the start": ("", ["attributes.start_time ASC"]), "a name": ("", ["attributes.run_name ASC"])}


class Million:
    """One experiment with a million runs, in an Assay that runs."""

    def __init__(self, bench) -> None:
        self.bench, self.client = bench, bench.client
        self.experiment = self.client.experiment("a million runs")

    def measure(self) -> dict:
        start = time.monotonic()
        self._seed()
        self.bench.notes.append(f"million: {RUNS:,} runs put in within {time.monotonic() - start:.0f} s")
        head, first = self._median(HEAD), self._median(TABLE, None, None)
        facets = self._median(FACETS)
        filters = {name: self._median(TABLE, *asked) for name, asked in FILTERS.items()}
        orders = {name: self._median(TABLE, *asked) for name, asked in ORDERS.items()}
        slowest = max(filters, key=filters.get)
        for what, times in {"filter": filters, "order": orders, "rest": {"head": head, "first page": first, "facets": facets}}.items():
            told = ", ".join(f"{name} {seconds * 1000:.0f}" for name, seconds in times.items())
            self.bench.notes.append(f"million, {what} (ms): {told}")
        self.bench.notes.append(f"million: the slowest filter is {slowest}")
        return {"million-page": head + first, "million-filter": filters[slowest], "million-order": orders["a metric"]}

    def _seed(self) -> None:
        target = self.bench.target
        tenant = target.query("select id from tenants order by id limit 1")
        schema = f"t_{tenant.replace('-', '')}"
        target.query(SEED.format(schema=schema, tenant=tenant, experiment=self.experiment, runs=RUNS))
        # Not in the transaction of the seed.
        for table in ("runs", "run_params", "run_tags", "latest_metrics"):
            target.query(f"vacuum {schema}.{table}")

    def _median(self, query: str, text: str | None = None, order: list | None = None) -> float:
        times = []
        for _ in range(REPEATS):
            body = json.dumps({"query": query, "variables": {"id": self.experiment, "filter": text, "order": order}})
            start = time.perf_counter()
            answer = json.loads(self.client.send("POST", "/graphql", body))
            times.append(time.perf_counter() - start)
            if "errors" in answer:
                raise AssertionError(answer["errors"])
        return statistics.median(times)
