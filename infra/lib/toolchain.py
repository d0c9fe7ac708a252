"""The one Rust toolchain of a build: server and web app share it, so that both are checked by the same compiler.

Tried in this order, and the first that can build wasm32 wins (see infra/decisions/0001-toolchain.md):
the toolchain in force, the linked Debian one, `rustup target add`, Debian's own packages.
"""
from __future__ import annotations

import os
import re
import shutil
import tempfile
from pathlib import Path

from packages import apt, as_root, can_apt
from paths import ROOT, TARGET
from run import Failure, answer, run, run_logged, tail
from steps import installs

WASM = "wasm32-unknown-unknown"
DEBIAN = "debian"
DEBIAN_PACKAGES = ("rustc-web", "cargo-web", "rust-web-src", "rust-web-llvm", "lld-22", "rust-web-clippy", "rustfmt-web")
RUSTUP_LIMIT = 180  # seconds for a download that may not be possible here


def toolchain() -> str:
    """Finds or installs the toolchain, sets RUSTUP_TOOLCHAIN and CARGO_TARGET_DIR for every later cargo, returns its name."""
    os.environ["CARGO_TARGET_DIR"] = str(TARGET)
    home = Path(os.environ.get("CARGO_HOME", Path.home() / ".cargo"))
    if not shutil.which("cargo") and (home / "bin" / "cargo").exists():
        os.environ["PATH"] = f"{home / 'bin'}{os.pathsep}{os.environ['PATH']}"
    if not shutil.which("cc"):
        apt("build-essential")
    name = _active() or _linked() or _rustup() or _debian()
    if name != "system":
        os.environ["RUSTUP_TOOLCHAIN"] = name
    _crates(home)
    return f"{name} ({answer(['rustc', '--version'])})"


def components() -> None:
    """Makes sure that the formatter and the linter are there."""
    for component, program in (("rustfmt", "rustfmt"), ("clippy", "cargo-clippy")):
        if answer([program, "--version"]) is None:
            installs(f"rustup's component {component}")
            run(["rustup", "component", "add", component], "toolchain", append=True)


def wanted() -> tuple:
    """The oldest Rust that the workspace accepts."""
    return tuple(map(int, re.search(r'rust-version = "(\d+)\.(\d+)', (ROOT / "Cargo.toml").read_text()).groups()))


def able(env: dict) -> bool:
    """Whether the toolchain chosen by `env` is new enough and has the standard library for wasm32."""
    version = re.search(r"rustc (\d+)\.(\d+)", answer(["rustc", "--version"], env=env) or "")
    if not version or tuple(map(int, version.groups())) < wanted():
        return False
    sysroot = answer(["rustc", "--print", "sysroot"], env=env)
    return any((Path(sysroot) / "lib" / "rustlib" / WASM / "lib").glob("libcore-*.rlib"))


def _crates(home: Path) -> None:
    """Says which crates cargo will download, if any are absent."""
    host = re.search("^host: (.+)$", answer(["rustc", "-vV"]) or "", re.M)
    targets = [part for target in (host.group(1), WASM) for part in ("--target", target)] if host else []
    if answer(["cargo", "fetch", "--quiet", "--locked", "--offline", *targets]) is None:
        crates = (ROOT / "Cargo.lock").read_text().count("\nsource = ")
        installs(f"what is absent of the {crates} crates in Cargo.lock, as cargo comes to them, into {home}")


def _active() -> str | None:
    if not able({}):
        return None
    active = answer(["rustup", "show", "active-toolchain"])
    return active.split()[0] if active else "system"


def _linked() -> str | None:
    known = (answer(["rustup", "toolchain", "list"]) or "").split()
    return DEBIAN if DEBIAN in known and able({"RUSTUP_TOOLCHAIN": DEBIAN}) else None


def _rustup() -> str | None:
    """Adds the target to the active toolchain, or a newer stable one with it; None where no download is possible."""
    if not shutil.which("rustup"):
        return None
    active = (answer(["rustup", "show", "active-toolchain"]) or "").split()
    version = re.search(r"rustc (\d+)\.(\d+)", answer(["rustc", "--version"]) or "")
    if active and version and tuple(map(int, version.groups())) >= wanted():
        installs(f"rustup's target {WASM} for {active[0]}")
        command, name = ["rustup", "target", "add", WASM], active[0]
    else:
        installs(f"rustup's stable toolchain with {WASM}")
        command, name = ["rustup", "toolchain", "install", "stable", "--profile", "minimal", "-c", "rustfmt", "-c", "clippy", "-t", WASM], "stable"
    code = run_logged(command, "toolchain", timeout=RUSTUP_LIMIT)
    return name if code == 0 and able({"RUSTUP_TOOLCHAIN": name}) else None


def _debian() -> str:
    """Debian's current Rust, whose library for wasm32 is built here once from its sources."""
    if not can_apt():
        raise Failure(f"no Rust toolchain here can build for {WASM}: `rustup target add {WASM}` failed.\n{tail('toolchain')}")
    apt(*DEBIAN_PACKAGES)
    if not shutil.which("rustup"):
        env, name = {}, "system"
    else:
        installs(f"rustup's toolchain `{DEBIAN}`, a link to /usr")
        run(["rustup", "toolchain", "link", DEBIAN, "/usr"], "toolchain")
        env, name = {"RUSTUP_TOOLCHAIN": DEBIAN}, DEBIAN
    if not able(env):
        _build_std(env)
    if not able(env):
        raise Failure(f"Debian's Rust cannot build for {WASM} either.\n{tail('toolchain')}")
    return name


def _build_std(env: dict) -> None:
    """Debian ships the sources of std, not its wasm32 build: compile it in an empty crate and put it in the sysroot."""
    sysroot = Path(answer(["rustc", "--print", "sysroot"], env=env))
    target = sysroot / "lib" / "rustlib" / WASM / "lib"
    installs(f"Rust's standard library for {WASM}, built from source, into {target}")
    with tempfile.TemporaryDirectory() as folder:
        crate = Path(folder)
        (crate / "src").mkdir()
        (crate / "src" / "lib.rs").write_text("")
        (crate / "Cargo.toml").write_text('[package]\nname = "empty"\nversion = "0.0.0"\nedition = "2024"\n')
        run(
            ["cargo", "build", "--release", "-Zbuild-std=std,panic_abort,panic_unwind,proc_macro", "--target", WASM], "std", cwd=crate,
            env={**env, "RUSTC_BOOTSTRAP": "1", "CARGO_TARGET_DIR": str(crate / "target")},
        )
        built = crate / "target" / WASM / "release" / "deps"
        libraries = [file for file in built.glob("*.rlib") if not file.name.startswith("libempty-")]
        as_root(["mkdir", "-p", target], "std", append=True)
        as_root(["cp", *libraries, target], "std", append=True)
