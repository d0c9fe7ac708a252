"""Where things are. Everything made by the commands lives under .local/ or the target folder."""
import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOCAL = ROOT / ".local"
LOGS = LOCAL / "log"
CONNECTION = LOCAL / "connection.json"
SITE = ROOT / "target" / "site"

# CARGO_TARGET_DIR is respected, so that several checkouts can share one folder of compiled crates.
TARGET = (Path.cwd() / os.environ["CARGO_TARGET_DIR"]).resolve() if os.environ.get("CARGO_TARGET_DIR") else ROOT / "target"

# Tools and packages that outlive a checkout, beside the compiled crates.
TOOLS = TARGET / "tools"
