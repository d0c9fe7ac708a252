"""What MLflow's client asks of many traces: patterns, figures, how filters go together, linked prompts."""
import math
import uuid

import mlflow
import pytest
from mlflow import MlflowClient
from mlflow.entities import AssessmentSource
from mlflow.entities.trace_metrics import AggregationType, MetricAggregation, MetricViewType
from mlflow.exceptions import MlflowException
from mlflow.tracing.client import TracingClient

COUNT = [MetricAggregation(AggregationType.COUNT)]


@pytest.fixture
def traces(tracking):
    """Four traces, the last of which failed; each asks a model that costs."""

    @mlflow.trace(span_type="LLM")
    def model(n):
        span = mlflow.get_current_active_span()
        span.set_attribute("mlflow.llm.model", "tiny" if n < 2 else "large")
        span.set_attribute("mlflow.llm.cost", {"input_cost": 0.25, "output_cost": 0.5 * n, "total_cost": 0.25 + 0.5 * n})
        span.set_attribute("mlflow.chat.tokenUsage", {"input_tokens": 10, "output_tokens": n, "total_tokens": 10 + n})
        if n == 3:
            raise ValueError("no answer")
        return n

    @mlflow.trace(name="ask")
    def ask(n):
        mlflow.update_current_trace(tags={"number": str(n)}, metadata={"mlflow.trace.session": f"session {n % 2}"})
        return model(n)

    for n in range(3):
        ask(n)
    with pytest.raises(ValueError):
        ask(3)
    mlflow.flush_trace_async_logging()
    found = mlflow.search_traces(locations=[tracking.experiment_id], return_type="list")
    return {trace.info.tags["number"]: trace.info.trace_id for trace in found}


def test_5_1a_traces_are_found_by_a_pattern(tracking, traces):
    found = lambda text: {one.info.tags["number"] for one in mlflow.search_traces(locations=[tracking.experiment_id], filter_string=text, return_type="list")}  # noqa: E731
    assert found("tag.number RLIKE '^[0-1]$'") == {"0", "1"}
    assert found("name RLIKE 'a.k' AND span.name RLIKE '^mod' AND metadata.`mlflow.trace.session` RLIKE '1$'") == {"1", "3"}
    for pattern in ("(", "(a)\\1", "x" * 257):
        with pytest.raises(MlflowException) as refused:
            found(f"name RLIKE '{pattern}'")
        assert refused.value.error_code == "INVALID_PARAMETER_VALUE"


def test_5_1a_figures_of_traces_spans_and_assessments(tracking, traces):
    store = TracingClient().store
    source = AssessmentSource(source_type="HUMAN", source_id="ada")
    for number, value in (("0", True), ("1", False), ("2", "yes")):
        mlflow.log_feedback(trace_id=traces[number], name="correct", value=value, source=source)

    def ask(view, metric, aggregations=COUNT, **more):
        found = store.query_trace_metrics([tracking.experiment_id], view, metric, aggregations, **more)
        assert found.token is None
        return [(point.dimensions, point.values) for point in found]

    assert ask(MetricViewType.TRACES, "trace_count", dimensions=["trace_status"]) == [({"trace_status": "ERROR"}, {"COUNT": 1}), ({"trace_status": "OK"}, {"COUNT": 3})]
    assert ask(MetricViewType.TRACES, "session_count") == [({}, {"COUNT": 2})]
    tokens = [MetricAggregation(AggregationType.SUM), MetricAggregation(AggregationType.PERCENTILE, 50.0)]
    assert ask(MetricViewType.TRACES, "output_tokens", tokens) == [({}, {"SUM": 6, "P50.0": 1.5})]
    costs = ask(MetricViewType.SPANS, "total_cost", [MetricAggregation(AggregationType.SUM)], dimensions=["span_model_name"])
    assert costs == [({"span_model_name": "large"}, {"SUM": 3.0}), ({"span_model_name": "tiny"}, {"SUM": 1.0})]
    assert ask(MetricViewType.SPANS, "span_count", filters=["span.type = 'LLM'", "trace.tag.number = '2'"]) == [({}, {"COUNT": 1})]
    assert ask(MetricViewType.ASSESSMENTS, "assessment_count", dimensions=["assessment_value"]) == [
        ({"assessment_value": '"yes"'}, {"COUNT": 1}), ({"assessment_value": "false"}, {"COUNT": 1}), ({"assessment_value": "true"}, {"COUNT": 1})
    ]
    [(_, values)] = ask(MetricViewType.ASSESSMENTS, "assessment_value", [MetricAggregation(AggregationType.AVG)])
    assert values["AVG"] == pytest.approx(2 / 3)
    [(bucket, _)] = ask(MetricViewType.TRACES, "trace_count", time_interval_seconds=10**9, start_time_ms=0, end_time_ms=2 * 10**12)
    assert bucket == {"time_bucket": "2001-09-09T01:46:40+00:00"}
    with pytest.raises(MlflowException, match="Supported aggregation types"):
        ask(MetricViewType.TRACES, "latency", [MetricAggregation(AggregationType.SUM)])


def test_5_1a_filters_go_together(tracking, traces):
    ask = lambda first, second, base=None: TracingClient().calculate_trace_filter_correlation([tracking.experiment_id], first, second, base)  # noqa: E731
    found = ask("trace.status = 'ERROR'", "tag.number = '3'")
    assert (found.filter1_count, found.filter2_count, found.joint_count, found.total_count) == (1, 1, 1, 4)
    assert found.npmi == pytest.approx(1.0) and 0 < found.npmi_smoothed < 1
    assert ask("trace.status = 'ERROR'", "tag.number = '2'").npmi == -1.0
    assert math.isnan(ask("name = 'none'", "tag.number = '2'").npmi)
    assert ask("tag.number = '1'", "name = 'ask'", "trace.status = 'OK'").total_count == 3


def test_5_1a_prompts_are_linked_to_a_trace(tracking, traces):
    client, name = MlflowClient(), f"greeting-{uuid.uuid4().hex[:12]}"
    prompt = client.register_prompt(name, "Hello {{name}}")
    for _ in range(2):
        client.link_prompt_versions_to_trace([prompt], traces["1"])
    found = mlflow.search_traces(locations=[tracking.experiment_id], filter_string=f"prompt = '{name}/1'", return_type="list")
    assert [trace.info.trace_id for trace in found] == [traces["1"]]
    assert f'"{name}"' in found[0].info.tags["mlflow.linkedPrompts"]
