"""Logs what a training runs in, so that anybody on the team can run it again.

    import assay_environment

    with mlflow.start_run():
        assay_environment.capture()

Logged to the active run, with the MLflow client that is installed: the commit, branch and remote of the repository, changes that are
not committed, the packages with their versions, Python, the operating system, CPU, memory and GPU, the command and its folder.

Never logged: values of environment variables, credentials in a remote's address, arguments that are named like a secret, the content
of files that Git does not track. Only the standard library and mlflow are needed. What cannot be found out is left out with a warning:
a training never ends because of this module.
"""
from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import mlflow

__all__ = ["capture"]

# A larger diff is not logged: in bytes. A part of one could not be applied.
DIFF_MAX = 1 << 20
# Names of files that Git does not track.
UNTRACKED_MAX = 50
# A tag holds so many characters.
TAG_MAX = 8000
SECRET = re.compile(r"passw|secret|token|credential|api[-_]?key|access[-_]?key|private[-_]?key", re.IGNORECASE)
HIDDEN = "***"


def capture(diff: bool = True) -> str:
    """Logs the environment to the active run, which is begun where there is none, and returns the run's id.

    diff -- whether to log changes that are not committed; their text goes to the server as it stands.
    """
    run = mlflow.active_run() or mlflow.start_run()
    tags, files = {}, {}
    for part in (_code, _command, _machine, _packages):
        try:
            found = part(diff) if part is _code else part()
        except Exception as error:  # noqa: BLE001 (whatever it is, the training goes on)
            warnings.warn(f"assay_environment: {part.__name__[1:]} could not be found out: {error}", stacklevel=2)
            continue
        tags.update(found[0])
        files.update(found[1])
    tags["assay.environment"] = "1"
    try:
        mlflow.set_tags({key: str(value)[:TAG_MAX] for key, value in tags.items() if value is not None})
        with tempfile.TemporaryDirectory() as folder:
            for name, content in files.items():
                Path(folder, name).write_bytes(content)
            if files:
                mlflow.log_artifacts(folder, "environment")
    except Exception as error:  # noqa: BLE001
        warnings.warn(f"assay_environment: the environment could not be logged: {error}", stacklevel=2)
    return run.info.run_id


def _main_file() -> Path | None:
    """The script that runs; None in a notebook and at a prompt."""
    name = getattr(sys.modules.get("__main__"), "__file__", None)
    return Path(name).resolve() if name and "ipykernel" not in sys.modules else None


def _git(folder, *arguments) -> bytes | None:
    """What Git answers; None where it cannot."""
    settings = ["diff.noprefix=false", "diff.mnemonicPrefix=false", "diff.relative=false", "core.quotePath=true", "core.fsmonitor=false"]
    command = ["git", "-C", str(folder), *(word for setting in settings for word in ("-c", setting)), *arguments]
    # Looking changes nothing, also not the index.
    env = {**os.environ, "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, env=env, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None


def _line(folder, *arguments) -> str | None:
    answer = _git(folder, *arguments)
    return (answer.decode(errors="replace").strip() or None) if answer is not None else None


def _root() -> Path | None:
    """The repository of the script, else of the working directory."""
    main = _main_file()
    for folder in ([main.parent] if main else []) + [Path.cwd()]:
        found = _line(folder, "rev-parse", "--show-toplevel")
        if found:
            return Path(found).resolve()
    return None


def _code(with_diff: bool):
    root = _root()
    if root is None:
        return {}, {}
    branch = _line(root, "symbolic-ref", "--short", "-q", "HEAD")
    commit = _line(root, "rev-parse", "--verify", "HEAD")
    remotes = (_line(root, "remote") or "").split()
    remote = _line(root, "config", f"branch.{branch}.remote") if branch else None
    remote = remote if remote in remotes else next((name for name in ["origin", *remotes] if name in remotes), None)
    address = _line(root, "remote", "get-url", remote) if remote else None
    untracked = (_git(root, "ls-files", "--others", "--exclude-standard", "-z") or b"").decode(errors="replace").split("\0")
    tags = {
        "mlflow.source.git.commit": commit,
        "mlflow.source.git.branch": branch,
        "mlflow.source.git.repoURL": _without_credentials(address) if address else None,
        "assay.environment.untracked": _listed([name for name in untracked if name][:UNTRACKED_MAX]),
    }
    files = {}
    if commit:
        tags["assay.environment.pushed"] = "true" if _line(root, "branch", "-r", "--contains", commit) else "false"
        changes = _git(root, "diff", "--binary", "--no-ext-diff", "--no-textconv", "--no-color", "--src-prefix=a/", "--dst-prefix=b/", "HEAD")
        if changes is not None:
            tags["assay.environment.dirty"] = "true" if changes else "false"
            if changes and with_diff and len(changes) <= DIFF_MAX:
                files["uncommitted.diff"] = changes
            elif changes:
                tags["assay.environment.diff_left_out"] = len(changes)
    return tags, files


def _without_credentials(address: str) -> str:
    if "://" not in address:
        return address
    parts = urlsplit(address)
    user, _, host = parts.netloc.rpartition("@")
    # The name is part of an address of SSH; over HTTP it may be the token itself.
    kept = f"{user.partition(':')[0]}@" if user and parts.scheme in ("ssh", "git+ssh") else ""
    return urlunsplit((parts.scheme, kept + host, parts.path, "", ""))


def _listed(texts) -> str:
    """The longest beginning of a list that a tag holds, as JSON."""
    texts = list(texts)
    while len(json.dumps(texts)) > TAG_MAX:
        texts.pop()
    return json.dumps(texts)


def _command():
    main, root, here = _main_file(), _root(), Path.cwd().resolve()
    tags = {}
    inside = root is not None and (here == root or root in here.parents)
    folder = here if inside else root
    if folder is not None:
        tags["assay.environment.directory"] = folder.relative_to(root).as_posix()
    if main is None:
        return tags, {}
    words = list(getattr(sys, "orig_argv", [sys.executable, *sys.argv])[1:])
    for place, word in enumerate(words):
        # The script, as its repository knows it, so that it is found in another copy.
        if Path(here, word).resolve() == main and root is not None and root in main.parents:
            words[place] = Path(os.path.relpath(main, folder)).as_posix()
            break
    words = _without_secrets(words)
    text = json.dumps(words)
    tags["assay.environment.command"] = text if len(text) <= TAG_MAX else None
    return tags, {}


def _without_secrets(words):
    shown, hide = [], False
    for word in words:
        name, is_set, _ = word.partition("=")
        if hide and not word.startswith("-"):
            word = HIDDEN
        elif is_set and SECRET.search(name):
            word = f"{name}={HIDDEN}"
        hide = not is_set and word.startswith("-") and SECRET.search(word) is not None
        shown.append(re.sub(r"(\w+://)[^/@\s]+@", r"\1", word))
    return shown


def _machine():
    tags = {
        "assay.environment.python": platform.python_version(),
        "assay.environment.os": platform.platform(),
        "assay.environment.cpu": f"{os.cpu_count()} × {_processor()}",
        "assay.environment.memory": _memory(),
        "assay.environment.gpu": _graphics(),
        "assay.environment.conda": "true" if Path(sys.prefix, "conda-meta").is_dir() else None,
    }
    return tags, {}


def _processor() -> str:
    try:
        named = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(errors="replace"), re.MULTILINE)
    except OSError:
        named = None
    return named[1].strip() if named else platform.processor() or platform.machine()


def _memory() -> int | None:
    """Bytes."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None


def _graphics() -> str | None:
    command = ["nvidia-smi", "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader"]
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, timeout=20, check=False, text=True)
    except (OSError, subprocess.TimeoutExpired):
        return None
    lines = [line.strip() for line in done.stdout.splitlines() if line.strip()]
    return _listed(lines) if done.returncode == 0 and lines else None


def _packages():
    """Every installed package with its version, as pip reads it."""
    lines = {}
    for package in importlib.metadata.distributions():
        name = package.metadata["Name"]
        if name:
            # Of two on the path the first is imported.
            lines.setdefault(re.sub(r"[-_.]+", "-", name).lower(), _line_of(name, package))
    text = "\n".join([f"# Python {platform.python_version()}", *(lines[name] for name in sorted(lines))]) + "\n"
    return {}, {"requirements.txt": text.encode()}


def _line_of(name: str, package) -> str:
    pinned = f"{name}=={package.version}"
    try:
        origin = json.loads(package.read_text("direct_url.json") or "{}")
    except ValueError:
        origin = {}
    address, source = _without_credentials(origin.get("url", "")), origin.get("vcs_info", {})
    if source.get("vcs") and source.get("commit_id"):
        return f"{name} @ {source['vcs']}+{address}@{source['commit_id']}"
    if address.startswith("file:"):
        return f"# {pinned} was installed from a folder or file of its machine"
    return f"{name} @ {address}" if address else pinned
