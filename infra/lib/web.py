"""Builds the web app into a site folder: wasm, its JavaScript glue, one style sheet, fonts; fingerprinted and compressed."""
from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from pathlib import Path

import wasm
from fingerprint import WEB_SOURCES, fingerprint, unchanged
from packages import node, node_env, npm_ci, python_with_pip, wheel
from paths import ROOT, SITE, TARGET, TOOLS
from run import Failure, answer, log_path, run
from steps import compiles
from toolchain import WASM

STYLE = ROOT / "style"
# The mono face has one weight: nothing that can be copied is bold, and a second axis would double it. Beside each file the layout features that style/ asks for.
FONTS = {
    "inter": ("@fontsource-variable/inter/files/inter-latin-wght-normal", "kern,ccmp,locl,mark,mkmk,tnum,cv05,cv11,ss03"),
    "jetbrains-mono": ("@fontsource/jetbrains-mono/files/jetbrains-mono-latin-400-normal", "ccmp,locl,mark"),
}
# Latin-1, European names, punctuation, arrows, minus. What else a name holds is shown in the system's face.
CHARACTERS = "U+0020-007E,U+00A0-00FF,U+0131,U+0152-0153,U+02C6,U+02DA,U+02DC,U+2010-2027,U+2030-203A,U+20AC,U+2122,U+2190-2193,U+2212,U+FFFD"
SUBSETTER = (("fonttools", "4.60.1"), ("brotli", "1.2.0"))
# What a browser must not be handed compressed: it is already.
STORED = {".woff2", ".png", ".webp", ".ico"}
# Sites that are kept for other checkouts: 9 MB each.
KEPT = 4
PROFILES = {True: ("dev", "debug"), False: ("wasm-release", "wasm-release")}


def build(out: Path = SITE, dev: bool = False) -> str:
    """Builds the site unless it is current; returns a few words on what was done. Checkouts that share a target folder build the same sources once."""
    stamp = fingerprint(WEB_SOURCES, str(dev), answer(["rustc", "--version"]) or "")
    if unchanged(out / ".inputs", stamp) and (out / "manifest.json").exists():
        return "unchanged"
    kept = TOOLS / f"site-{stamp}"
    if not kept.exists():
        _build(kept, stamp, dev)
    fresh = out.with_name(out.name + ".new")
    shutil.rmtree(fresh, ignore_errors=True)
    shutil.copytree(kept, fresh)
    shutil.rmtree(out, ignore_errors=True)
    fresh.rename(out)
    return "with brotli " + ", ".join(f"{part} {size / 1000:.0f} kB" for part, size in code(out).items())


def _build(kept: Path, stamp: str, dev: bool) -> None:
    """Builds the site beside `kept`, and calls it that once it is whole."""
    parts, fresh = (kept.with_name(f"{kept.name}.{what}.{os.getpid()}") for what in ("parts", "new"))
    parts.mkdir(parents=True)
    pkg = fresh / "pkg"
    pkg.mkdir(parents=True)
    try:
        packages = npm_ci(ROOT / "infra" / "lib" / "web", "web")
        _wasm(parts, packages, dev)
        manifest = _code(parts, pkg)
        manifest.update(_fonts(parts, packages, pkg))
        manifest.update(_pictures(pkg))
        manifest["css"] = _place(_css(parts, packages, manifest, dev), pkg)
        manifest["graphiql"] = _graphiql(parts, packages, pkg, dev)
        _compress(pkg, 5 if dev else 11)
        (fresh / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n")
        (fresh / ".inputs").write_text(stamp)
        if not kept.exists():  # another checkout may have been quicker
            fresh.rename(kept)
    finally:
        for folder in (parts, fresh):
            shutil.rmtree(folder, ignore_errors=True)
    for old in sorted(TOOLS.glob("site-*"), key=lambda folder: folder.stat().st_mtime)[:-KEPT]:
        shutil.rmtree(old, ignore_errors=True)


def code(out: Path = SITE) -> dict:
    """What a first visit loads to run: bytes of wasm, scripts and style sheet with brotli, for a page of each part of the app."""
    manifest = json.loads((out / "manifest.json").read_text())
    every = {manifest["wasm"], manifest["js"], manifest["link"], manifest["css"]}
    size = lambda names: sum((out / "pkg" / f"{name}.br").stat().st_size for name in names)
    return {part: size(every.union(files)) for part, files in sorted(manifest["parts"].items())}


def _wasm(parts: Path, packages: Path, dev: bool) -> None:
    profile, folder = PROFILES[dev]
    compiles("the web app", log_path("web-cargo"))
    run(["cargo", "build", "--package", "browser", "--target", WASM, "--profile", profile], "web-cargo")
    built = parts / "built.wasm"
    shutil.copyfile(TARGET / WASM / folder / "browser.wasm", built)
    if not dev:
        wasm.trap(built, "hydrate_async")
        wasm.anonymous(built)
    run(["cargo", "build", "--package", "bindgen"], "web-bindgen")
    run([TARGET / "debug" / "bindgen", built, parts], "web-bindgen", append=True)
    built.unlink()
    if not dev:
        # -Os: no larger than -Oz after brotli, in a third of the time. Never with --all-features: it writes import forms that browsers refuse.
        script = packages / "node_modules" / "binaryen" / "bin" / "wasm-opt"
        for file in sorted(parts.glob("*.wasm")):
            run([node() / "node", script, "-Os", "--strip-debug", "--strip-producers", file, "-o", file], "web-opt", append=True)


def _code(parts: Path, pkg: Path) -> dict:
    """The wasm files and their two scripts, which name one another: in a folder whose name changes with any of them."""
    files = [*sorted(parts.glob("*.js")), *sorted(parts.glob("*.wasm"))]
    digest = hashlib.sha256(b"".join(hashlib.sha256(file.read_bytes()).digest() for file in files)).hexdigest()[:16]
    folder = pkg / digest
    folder.mkdir()
    for file in files:
        shutil.copyfile(file, folder / file.name)
    chunks = json.loads((parts / "parts.json").read_text())
    return {
        "js": f"{digest}/app.js",
        "link": f"{digest}/parts.js",
        "wasm": f"{digest}/app_bg.wasm",
        "parts": {part: [f"{digest}/{name}.wasm" for name in names] for part, names in sorted(chunks.items())},
    }


def _css(parts: Path, packages: Path, manifest: dict, dev: bool) -> Path:
    """The sheets named in style/order.txt, in that order; their /pkg/ addresses become the fingerprinted ones."""
    order = STYLE / "order.txt"
    names = order.read_text().split() if order.exists() else []
    sheets = [STYLE / name for name in names]
    absent = [sheet.name for sheet in sheets if not sheet.exists()]
    forgotten = sorted({sheet.name for sheet in STYLE.glob("*.css")} - set(names))
    if absent or forgotten:
        raise Failure(f"style/order.txt: names no file: {absent or 'none'}; not named: {forgotten or 'none'}")
    out = parts / "assay.css"
    run([node() / "node", ROOT / "infra" / "lib" / "assets.mjs", "css", str(not dev).lower(), out, *sheets], "web-css", cwd=packages)
    placed = {**manifest, **{name.split(".")[0]: name for name in manifest.values() if isinstance(name, str)}}

    def address(match) -> str:
        name = placed.get(match.group(1))
        if not name:
            raise Failure(f"style: /pkg/{match.group(1)}{match.group(2)} is none of {sorted(placed)}")
        return f"/pkg/{name}"

    out.write_text(re.sub(r"/pkg/([\w-]+)((?:\.\w+)+)", address, out.read_text()))
    return out


def _graphiql(parts: Path, packages: Path, pkg: Path, dev: bool) -> dict:
    """GraphiQL for its own page, as its package brings it, and what starts it. Its fonts stay behind: they are half of its bytes, and the app's own are there."""
    modules, own = packages / "node_modules", ROOT / "app" / "browser"
    scripts = [
        modules / "react" / "umd" / "react.production.min.js",
        modules / "react-dom" / "umd" / "react-dom.production.min.js",
        modules / "graphiql" / "graphiql.min.js",
        own / "graphiql.js",
    ]
    sheet = parts / "graphiql.css"
    sheet.write_text(re.sub(r"@font-face\s*\{[^}]*\}", "", (modules / "graphiql" / "graphiql.min.css").read_text()) + (own / "graphiql.css").read_text())
    small = parts / "graphiql.min.css"
    run([node() / "node", ROOT / "infra" / "lib" / "assets.mjs", "css", str(not dev).lower(), small, sheet], "web-css", cwd=packages, append=True)
    return {"scripts": [_place(script, pkg) for script in scripts], "css": _place(small, pkg)}


def _fonts(parts: Path, packages: Path, pkg: Path) -> dict:
    """The fonts with what is used of them: a third less to load."""
    folders = os.pathsep.join(str(wheel(*pinned, under=TOOLS)) for pinned in SUBSETTER)
    placed = {}
    for name, (file, features) in FONTS.items():
        full, part = packages / "node_modules" / f"{file}.woff2", parts / f"{name}.woff2"
        run(
            [python_with_pip(), "-m", "fontTools.subset", full, f"--unicodes={CHARACTERS}", f"--layout-features={features}", "--flavor=woff2", f"--output-file={part}"],
            f"web-font-{name}", env={"PYTHONPATH": folders},
        )
        placed[name] = _place(part, pkg)
    return placed


def _pictures(pkg: Path) -> dict:
    """The pictures of style/, the favicon among them."""
    return {picture.stem: _place(picture, pkg) for picture in sorted([*STYLE.glob("*.svg"), *STYLE.glob("*.png"), *STYLE.glob("*.ico")])}


def _place(file: Path, pkg: Path) -> str:
    """Copies a file under a name that changes with its content, so that browsers may keep it for ever."""
    digest = hashlib.sha256(file.read_bytes()).hexdigest()[:16]
    name = f"{file.stem}.{digest}{file.suffix}"
    shutil.copyfile(file, pkg / name)
    return name


def _compress(pkg: Path, quality: int) -> None:
    files = [file for file in sorted(pkg.rglob("*")) if file.is_file() and file.suffix not in STORED]
    run([node() / "node", ROOT / "infra" / "lib" / "assets.mjs", "brotli", str(quality), *files], "web-brotli", env=node_env(node()))
