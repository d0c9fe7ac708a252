"""The same script against MLflow's own server and against Assay: all that comes back is equal, but ids and times."""
import json
import os
import re
import uuid

import matplotlib
import mlflow
import pytest

from same_script import script

ID = re.compile(r"\b(?:m-)?[0-9a-f]{32}\b|\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
NOBODY = "0" * 32  # in an id of the script's own
# Times, and how long something took.
TIMES = re.compile(r"(^|[_.])time(stamp)?(?![a-z])")
# Files that tell how long each fit took, and the number that a process gives to each picture of an estimator.
TIMED = {"cv_results.csv", "estimator.html"}
# What is wrong with a search, each server says in its own words; the code is the same.
OWN_WORDS = re.compile("^/searched/[^/]+/words$")
# Names that the client makes up.
INVENTED = re.compile(r"^[a-z]+-[a-z]+-\d+$")


def plain(value, ids, experiment):
    """A value with each id replaced by the place at which it first stood, so that what was one thing still is."""
    if isinstance(value, dict):
        own = lambda key: "T" if key in TIMED or TIMES.search(key) else "$experiment" if key == "experiment_id" else None  # noqa: E731
        return {plain(key, ids, experiment): own(key) or plain(one, ids, experiment) for key, one in value.items()}
    if isinstance(value, list):
        return [plain(one, ids, experiment) for one in value]
    if isinstance(value, str):
        value = value.replace(f":/{experiment}/", ":/$experiment/")
        return "$invented" if INVENTED.match(value) else ID.sub(lambda found: found[0] if NOBODY in found[0] else ids.setdefault(found[0], f"${len(ids)}"), value)
    return value


def differences(theirs, ours, place=""):
    if isinstance(theirs, dict) and isinstance(ours, dict):
        for key in [*theirs, *(key for key in ours if key not in theirs)]:
            yield from differences(theirs.get(key, "nothing"), ours.get(key, "nothing"), f"{place}/{key}")
    elif isinstance(theirs, list) and isinstance(ours, list) and len(theirs) == len(ours):
        for n, (their, our) in enumerate(zip(theirs, ours, strict=True)):
            yield from differences(their, our, f"{place}/{n}")
    elif theirs != ours and not OWN_WORDS.match(place):
        yield place, theirs, ours


@pytest.mark.skipif("ASSAY_TEST_LONG" not in os.environ, reason="the same afternoon twice: some minutes")
def test_5_1a_5_1b_the_same_script_gets_the_same_back(connection, mlflow_server, monkeypatch):
    matplotlib.use("Agg")
    # A model is packed without being loaded in a process of its own first, to see what it imports: seconds each, and nothing of it is the server's.
    monkeypatch.setenv("MLFLOW_REQUIREMENTS_INFERENCE_TIMEOUT", "0")
    name = f"same-{uuid.uuid4().hex[:12]}"
    told = {}
    for url, token in ((mlflow_server, ""), (os.environ["ASSAY_TEST_URL"], connection["token"])):
        monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", token)
        mlflow.set_tracking_uri(url)
        mlflow.set_registry_uri(url)  # a test before this one may have set it
        answer = json.loads(json.dumps(script(name), default=lambda figure: figure.item()))
        told[url] = plain(answer, {}, answer.pop("experiment"))
    theirs, ours = told.values()
    assert all(ours["runs"][run]["models"] for run in ("search", "ridge", "boosted", "of a model")), "what failed at both is equal too"
    found = [f"{place}:\n  MLflow {str(their)[:400]}\n  Assay  {str(our)[:400]}" for place, their, our in differences(theirs, ours)]
    assert not found, "\n".join(found)
