"""infra/bench: what Assay does on this machine, beside a peer on the same Postgres (infra/decisions/0010-benchmark.md)."""
