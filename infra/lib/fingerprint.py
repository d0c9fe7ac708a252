"""Content hashes, so that a second start does not repeat what has not changed."""
from __future__ import annotations

import hashlib
from pathlib import Path

from paths import ROOT

SERVER_SOURCES = ("Cargo.toml", "Cargo.lock", ".cargo", "server", "app", "shared", "migrations")
WEB_SOURCES = ("Cargo.toml", "Cargo.lock", ".cargo", "app", "shared", "style", "infra/bindgen", "infra/lib/web", "infra/lib/web.py", "infra/lib/wasm.py", "infra/lib/assets.mjs")
IGNORED = {"node_modules", "__pycache__", "target", "tests"}


def fingerprint(sources, *salt: str) -> str:
    """A hash over the names and contents of every file under `sources`."""
    digest = hashlib.sha256("\0".join(salt).encode())
    for path in files(sources):
        digest.update(f"\0{path.relative_to(ROOT)}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:32]


def files(sources):
    """Every source file, in a stable order."""
    for name in sources:
        path = ROOT / name
        found = [path] if path.is_file() else sorted(path.rglob("*"))
        yield from (file for file in found if file.is_file() and not IGNORED.intersection(file.relative_to(ROOT).parts))


def unchanged(stamp: Path, value: str) -> bool:
    return stamp.exists() and stamp.read_text() == value
