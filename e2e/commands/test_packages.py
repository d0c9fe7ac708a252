"""What is installed: as whom, and what is said before."""
import ctypes
import os
import pty
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import packages
import toolchain
from paths import ROOT
from run import Failure

# Programs that stand for Debian's, and note what they are told.
DPKG = "#!/bin/sh\nexit 1\n"
APT = '#!/bin/sh\necho "$@" >> "$NOTES"\n'
ASKS = """#!/bin/sh
[ "$1" = -n ] && exit 1
printf 'password: ' > /dev/tty
read typed < /dev/tty
[ "$typed" = secret ] || exit 1
echo asked >> "$NOTES"
exec "$@"
"""
OPEN = '#!/bin/sh\n[ "$1" = -n ] || exit 1\nshift\nexec "$@"\n'
SHUT = "#!/bin/sh\nexit 1\n"
# As somebody who is not root, on a machine that lacks a package.
SCRIPT = textwrap.dedent("""
    import os, sys
    from pathlib import Path
    sys.dont_write_bytecode = True
    sys.path.insert(0, sys.argv[1])
    os.geteuid = lambda: 1000
    import run
    run.LOGS = Path(sys.argv[2]) / "log"
    import packages
    try:
        packages.apt("build-essential")
    except run.Failure as failure:
        print(failure)
""")


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """Programs by name, before all others; what they noted."""
    notes = tmp_path / "notes"
    monkeypatch.setenv("NOTES", str(notes))
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")

    def has(**programs):
        for name, script in programs.items():
            program = tmp_path / name.replace("_", "-")
            program.write_text(script)
            program.chmod(0o755)
        return lambda: notes.read_text().splitlines() if notes.exists() else []

    return has


def install(folder: Path, terminal: bool, typed: str = "") -> str:
    """Asks for a package in a process of its own, at a terminal where somebody types, or at none; what it said."""
    command = [sys.executable, "-c", SCRIPT, str(ROOT / "infra" / "lib"), str(folder)]
    if not terminal:
        return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=True).stdout
    pid, master = pty.fork()
    if pid == 0:
        os.execv(command[0], command)
    said = b""
    while True:
        try:
            part = os.read(master, 4096)
        except OSError:  # it has ended
            break
        if not part:
            break
        said += part
        if said.endswith(b"password: "):
            os.write(master, typed.encode() + b"\n")
    os.waitpid(pid, 0)
    return said.decode()


INSTALL = "-o DPkg::Lock::Timeout=600 -o Acquire::Retries=3 install -y --no-install-recommends build-essential"


def test_at_a_terminal_sudo_asks_who_sits_there(machine, tmp_path):
    noted = machine(sudo=ASKS, apt_get=APT, dpkg_query=DPKG)
    said = install(tmp_path, terminal=True, typed="secret")
    assert "installs Debian packages build-essential, and what they depend on; sudo asks for your password" in said
    assert [line for line in noted() if line != "asked"][-1] == INSTALL and noted().count("asked") == 2, said


def test_a_wrong_password_is_told(machine, tmp_path):
    noted = machine(sudo=ASKS, apt_get=APT, dpkg_query=DPKG)
    assert "ended with 1" in install(tmp_path, terminal=True, typed="wrong")
    assert noted() == []


def test_where_nobody_can_type_it_says_what_root_must_do(machine, tmp_path):
    noted = machine(sudo=ASKS, apt_get=APT, dpkg_query=DPKG)
    assert "only root can install them here:\n  apt-get install build-essential" in install(tmp_path, terminal=False)
    assert noted() == []


def test_sudo_that_asks_nobody_needs_no_terminal(machine, tmp_path):
    noted = machine(sudo=OPEN, apt_get=APT, dpkg_query=DPKG)
    said = install(tmp_path, terminal=False)
    assert "sudo asks" not in said and noted()[-1] == INSTALL, said


def test_whoever_may_not_become_root_at_all_is_told(machine, tmp_path):
    machine(sudo=SHUT, apt_get=APT, dpkg_query=DPKG)
    assert "only root can install them here" in install(tmp_path, terminal=False)


class Began(Exception):
    """The installation would have begun."""


@pytest.fixture
def said(tmp_path, monkeypatch):
    """What is said before the first program runs that installs something."""
    lines = []

    def began(*_, **__):
        raise Began

    for module in (packages, toolchain):
        monkeypatch.setattr(module, "installs", lines.append)
        monkeypatch.setattr(module, "run", began)
    monkeypatch.setattr(packages, "TOOLS", tmp_path)
    return lines


def test_every_python_and_npm_package_that_is_asked_for_is_named(said):
    with pytest.raises(Began):
        packages.venv(ROOT / "e2e" / "requirements.txt")
    with pytest.raises(Began):
        packages.npm_ci(ROOT / "e2e", "e2e")
    python, npm = said[0], said[-1]
    assert all(name in python for name in ("mlflow==", "pytest==", "xgboost-cpu==", "and what they depend on")) and "#" not in python
    assert all(name in npm for name in ("playwright-core@", "oidc-provider@", "and what they depend on (")), npm


def test_the_packages_of_long_tests_are_named_and_wait_for_them(said, monkeypatch):
    import harness

    monkeypatch.setattr(harness.Harness, "python", Path(sys.executable))
    assert harness.Harness(long=False).long_env == {} and said == []
    with pytest.raises(Began):
        harness.Harness(long=True).long_env  # noqa: B018
    with pytest.raises(Began):
        packages.beside(Path(sys.executable), ROOT / "e2e" / "requirements-sqlmap.txt")
    for name, line in zip(("torch==", "sqlmap=="), said, strict=True):
        assert name in line and "nothing that they depend on" in line and "#" not in line


def test_a_library_for_graphics_cards_loads_where_there_is_none(tmp_path):
    build = lambda name, code, *more: subprocess.run(  # noqa: E731
        ["cc", "-shared", "-fPIC", "-Wl,-rpath,$ORIGIN", f"-Wl,-soname,{name}", "-o", tmp_path / name, "-x", "c", "-", *more], input=code, text=True, check=True)
    build("libcublas.so.99", "int multiply(void) { return 1; }")
    build("libother.so.99", "int other(void) { return 2; }")
    calls = "int multiply(void); int other(void); int card(void) { return multiply(); } int sum(void) { return other(); }"
    build("libsum.so", calls, "-xnone", tmp_path / "libcublas.so.99", tmp_path / "libother.so.99")
    (tmp_path / "libcublas.so.99").unlink()
    (tmp_path / "libother.so.99").rename(tmp_path / "elsewhere")
    assert packages.without_card(tmp_path / "libsum.so") == ["libcublas.so.99"], "what is no card's is not made up"
    (tmp_path / "elsewhere").rename(tmp_path / "libother.so.99")
    assert ctypes.CDLL(tmp_path / "libsum.so", mode=os.RTLD_LAZY).sum() == 2
    assert packages.without_card(tmp_path / "libsum.so") == []


def test_crates_that_are_absent_are_told(said, monkeypatch):
    answers = {"rustc": "host: x86_64-unknown-linux-gnu", "cargo": None}
    monkeypatch.setattr(toolchain, "answer", lambda command, **_: answers[command[0]])
    toolchain._crates(Path("/home/somebody/.cargo"))
    assert len(said) == 1 and "crates in Cargo.lock" in said[0] and "/home/somebody/.cargo" in said[0]
    answers["cargo"] = ""
    toolchain._crates(Path("/home/somebody/.cargo"))
    assert len(said) == 1, "nothing is absent"


def test_debians_toolchain_is_told(said, monkeypatch):
    monkeypatch.setattr(toolchain, "can_apt", lambda: True)
    monkeypatch.setattr(toolchain, "apt", lambda *_: None)
    monkeypatch.setattr(toolchain.shutil, "which", lambda _: "/usr/bin/rustup")
    with pytest.raises(Began):
        toolchain._debian()
    assert "rustup's toolchain `debian`, a link to /usr" in said


def test_the_tests_say_which_python_they_need(monkeypatch):
    import harness

    monkeypatch.setattr(harness.sys, "version_info", (3, 10, 4))
    with pytest.raises(Failure, match="need Python 3.11 or later.*this is 3.10"):
        harness.Harness(long=False).__enter__()
