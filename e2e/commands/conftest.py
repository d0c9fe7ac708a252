"""What the tests of the commands stand on: a copy of the checkout, where the server and the web app are compiled already."""
import os
import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "infra" / "lib"))
sys.dont_write_bytecode = True

from checkout import Checkout  # noqa: E402
from paths import ROOT  # noqa: E402

# What infra/up reads of a checkout.
SOURCES = (".cargo", "Cargo.toml", "Cargo.lock", "app", "infra", "migrations", "server", "shared", "style")


@pytest.fixture(scope="module")
def checkout():
    folder = Path(os.environ["ASSAY_TEST_CHECKOUT"])
    folder.mkdir(parents=True)
    for name in SOURCES:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("node_modules", "target", "__pycache__"))
        elif source.exists():
            shutil.copy(source, folder)
    checkout = Checkout(folder, Path(os.environ["ASSAY_TEST_BINARY"]))
    yield checkout
    checkout.infra("down")
