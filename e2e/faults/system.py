"""The Assay under test with everything it stands on, each part of which can be killed and started again."""
from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from email import message_from_bytes
from email.utils import parseaddr
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "infra" / "lib"))

from paths import ROOT  # noqa: E402
from processes import Processes  # noqa: E402
from run import Failure  # noqa: E402
from services import Services  # noqa: E402
from stack import Stack  # noqa: E402


def wait_for(what: str, condition, seconds: float):
    """What `condition` answers once that is true."""
    deadline = time.monotonic() + seconds
    while not (answer := condition()):
        assert time.monotonic() < deadline, f"not in {seconds} s: {what}"
        time.sleep(0.05)
    return answer


class System:
    """As the file says that the test command wrote."""

    def __init__(self, path: Path) -> None:
        facts = json.loads(path.read_text())
        folder, label = Path(facts["folder"]), facts["label"]
        self.processes = Processes(folder / "run", label)
        self.services = Services(folder, label, hasty=True, killed=True)
        self.stack = Stack(Path(facts["binary"]), self.processes, facts["port"], facts["env"])
        self.database = facts["database"]
        self.mail = Path(facts["mail"])
        self.url = f"http://127.0.0.1:{facts['port']}"
        self.token = json.loads(Path(facts["connection"]).read_text())["token"]
        self.read = {}  # mails that were read: file name -> recipient

    def pid(self, name: str) -> int | None:
        return (self.processes.facts(name) or {}).get("pid")

    def kill(self, name: str) -> dict:
        """kill -9; what was known of the process."""
        facts = self.processes.facts(name)
        assert facts, f"{name} ended by itself"
        self.processes.stop(name, signal.SIGKILL)
        return facts

    def restart(self, name: str) -> None:
        """Starts the server or the worker, and waits until the server is ready."""
        self.stack.start_one(name)
        self.heal()

    def heal(self) -> None:
        wait_for("the server is ready", self.stack.ready, 30)

    def sql(self, statement: str) -> list:
        """Rows of texts, as the superuser sees them."""
        return [line.split("|") for line in self.services.query(self.database, statement).splitlines()]

    def count(self, condition: str) -> int:
        """Jobs of which this holds."""
        return int(self.sql(f"select count(*) from jobs where {condition}")[0][0])

    def kill_backend(self, doing: str) -> None:
        """kill -9 of a Postgres process of the server of which this holds; Postgres then sends everybody away and recovers."""
        found = f"select pid from pg_stat_activity where application_name = 'assay' and pid <> pg_backend_pid() and {doing} limit 1"

        def killed() -> bool:
            try:
                (pid,) = self.sql(found)[0]
                os.kill(int(pid), signal.SIGKILL)
            except (Failure, IndexError, ProcessLookupError):
                return False  # it recovers from the last time, or the statement had ended
            return True

        wait_for(f"a backend with {doing}", killed, 30)

    @contextmanager
    def hanging_mail_server(self):
        """Accepts connections and says nothing."""
        pid = self.pid("sink")
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    def mailed(self) -> set:
        """Who got a mail."""
        for file in self.mail.glob("[!.]*.eml"):
            if file.name not in self.read:
                self.read[file.name] = parseaddr(message_from_bytes(file.read_bytes())["To"])[1]
        return set(self.read.values())

    def audit_is_whole(self) -> None:
        """As an operator asks."""
        command = [str(self.stack.binary), "audit", "verify"]
        done = subprocess.run(command, env={**os.environ, **self.stack.env}, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0 and "the chain is whole" in done.stdout, done.stdout + done.stderr
