"""One script of a data scientist against MLflow's own server and against Assay: what it sees is the same."""
import json
import os
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

PATIENCE = 300  # seconds for the script


@pytest.mark.skipif("ASSAY_TEST_LONG" not in os.environ, reason="the same afternoon twice: most of a minute")
def test_5_1b_a_script_sees_what_it_would_see_of_mlflows_own_server(connection, mlflow_server):
    own = seen(os.environ["ASSAY_TEST_URL"], MLFLOW_TRACKING_TOKEN=connection["token"])
    theirs = seen(mlflow_server)
    for part in theirs:
        assert own.get(part) == theirs[part], part
    assert own.keys() == theirs.keys()


def seen(address, **env):
    command = [sys.executable, "-B", Path(__file__).with_name("same_script.py"), address, uuid.uuid4().hex]
    done = subprocess.run(command, env={**os.environ, **env}, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])
