#!/usr/bin/env python3
"""Builds the rig's test wheels: small packages, each of which has one property that a deploy tool must cope with.

Receives: the directory of a simple index. Hands on: NAME/NAME-1.0-....whl and NAME/index.html below it, which uv reads
by a file:// URL. The same source gives the same bytes, and a file that is right already is left alone.
Never downloads anything, and runs nothing of what it packs.
"""

from __future__ import annotations

import argparse
import base64
import csv
import hashlib
import html
import io
import os
import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

VERSION = "1.0"
HEAVY_BYTES = 65 * 1024 * 1024  # one MiB over what Cloudflare takes
EPOCH = (2026, 1, 1, 0, 0, 0)  # a wheel's times have to be the same in every build


@dataclass(frozen=True)
class Package:
    name: str
    summary: str
    files: Callable[[], dict[str, bytes]]  # called only when the wheel is to be built
    tag: str = "py3-none-any"
    entry_points: str = ""
    rebuild: bool = True  # False: built only when missing, for the one that is expensive
    version: str = VERSION
    requires: tuple[str, ...] = ()  # Requires-Dist; what a marker names as an extra is provided
    requires_python: str = ">=3.10"

    @property
    def stem(self) -> str:
        return f"{self.name.replace('-', '_')}-{self.version}"

    @property
    def wheel_name(self) -> str:
        return f"{self.stem}-{self.tag}.whl"


def noise(seed: str, size: int) -> bytes:
    """Bytes that no compressor makes smaller, the same for the same seed."""
    return hashlib.shake_256(seed.encode()).digest(size)


def tree(files: dict[str, str | bytes]) -> Callable[[], dict[str, bytes]]:
    return lambda: {path: data.encode() if isinstance(data, str) else data for path, data in files.items()}


def heavy() -> dict[str, bytes]:
    return {
        "rig_heavy/__init__.py": b"SIZE = %d\n" % HEAVY_BYTES,
        "rig_heavy/blob.dat": noise("rig-heavy", HEAVY_BYTES),
    }


def der(tag: int, body: bytes) -> bytes:
    length = len(body)
    size = length.to_bytes((length.bit_length() + 7) // 8 or 1, "big")
    return bytes([tag]) + (size if length < 0x80 else bytes([0x80 | len(size)]) + size) + body


def fake_rsa_key() -> str:
    """A private key in shape only: PKCS#1 as ASN.1 has it, of numbers that were drawn from a hash and are no key."""

    def number(seed: str, size: int) -> bytes:
        return der(2, b"\0" + bytes([0xC0]) + noise(seed, size - 2) + b"\x01")

    numbers = [der(2, b"\0"), number("n", 256), der(2, b"\1\0\1"), number("d", 256)]
    numbers += [number(part, 128) for part in ("p", "q", "dp", "dq", "qi")]
    body = base64.b64encode(der(0x30, b"".join(numbers))).decode()
    lines = [body[at : at + 64] for at in range(0, len(body), 64)]
    kind = "RSA PRIVATE " + "KEY"  # in two pieces, so that no scanner takes this file for a leak
    return "\n".join([f"-----BEGIN {kind}-----", *lines, f"-----END {kind}-----", ""])


def secret() -> dict[str, bytes]:
    return {
        "rig_secret/__init__.py": b"NAME = 'rig-secret'\n",
        "rig_secret/certs/server.key": fake_rsa_key().encode(),
        "rig_secret/.env": b"CLOUDFLARE_API_TOKEN=%s\nDEBUG=1\n" % noise("token", 20).hex().encode(),
    }


HOSTS = ["manylinux_2_28_x86_64", "manylinux_2_28_aarch64", "macosx_11_0_arm64", "macosx_11_0_x86_64"]


def release(name: str, version: str, tags: list[str], requires: tuple[str, ...] = (), python: str = ">=3.10") -> list[Package]:
    """One release of a package that exists to be resolved: a module of its own, one wheel for each tag."""
    files = tree({f"{name.replace('-', '_')}/__init__.py": f"VERSION = '{version}'\n"})
    about = "Exists to be resolved, or not"
    return [
        Package(name, about, files, tag, version=version, requires=requires, requires_python=python) for tag in tags
    ]


def host(*pythons: str) -> list[str]:
    return [f"{python}-{python}-{platform}" for python in pythons for platform in HOSTS]


# What the gate `wheels` has to tell apart; read with the 3.13 of 2026-06-01 in mind.
RELEASES = [
    # 1.1 needs what has a wheel for 3.14 alone, by one of its extras: an older release, no extra and 3.14 are ways out.
    *release("rig-app", "1.0", ["py3-none-any"], ("rig-engine>=1.0; extra == 'fast'",)),
    *release("rig-app", "1.1", ["py3-none-any"], ("rig-only314; extra == 'fast'",)),
    *release("rig-engine", "1.0", ["py3-none-any"]),
    *release("rig-engine", "1.5", host("cp313", "cp314")),
    *release("rig-only314", "1.0", ["cp314-cp314-pyemscripten_2026_0_wasm32", *host("cp314")]),
    # Falls from 3.0 to 0.9 without a word.
    *release("rig-fallen", "0.9", ["py3-none-any"]),
    *release("rig-fallen", "3.0", host("cp313", "cp314")),
    # 3.0 is for everybody: what is locked at 0.9 is old and has not fallen.
    *release("rig-old", "0.9", ["py3-none-any"]),
    *release("rig-old", "3.0", ["py3-none-any"]),
    # Falls on 3.13, and not on 3.14.
    *release("rig-lifted", "0.9", ["py3-none-any"]),
    *release("rig-lifted", "3.0", ["cp314-cp314-pyemscripten_2026_0_wasm32", *host("cp313", "cp314")]),
    # The same, but 1.0 is what somebody built for Workers.
    *release("rig-built", "1.0", ["cp313-cp313-pyodide_2025_0_wasm32", *host("cp313")]),
    *release("rig-built", "2.0", host("cp313")),
    *release("rig-future", "1.0", ["py3-none-any"], python=">=3.15"),
    # A pin that only a newer release, or one of another major version, could replace.
    *release("rig-pinned", "1.9", ["py3-none-any"]),
    *release("rig-pinned", "2.0", host("cp313", "cp314")),
    *release("rig-pinned", "2.1", host("cp313", "cp314")),
    *release("rig-pinned", "2.2", ["py3-none-any"]),
    *release("rig-major", "1.0", ["py3-none-any"]),
    *release("rig-major", "2.0", host("cp313", "cp314")),
    # Takes any rig-app, of which there are two that every Python takes.
    *release("rig-user", "1.0", ["py3-none-any"], ("rig-app",)),
]

PACKAGES = [
    *RELEASES,
    Package("rig-heavy", "More than a Worker may have", heavy, rebuild=False),
    Package(
        "rig-tests",
        "Everything that wheels carry and a Worker does not need, beside what looks so and is needed",
        tree(
            {
                "rig_tests/__init__.py": (
                    "import json\n"
                    "from importlib.resources import files\n"
                    "from rig_tests.testing import check  # needed at run time, whatever its name says\n"
                    "SETTINGS = json.loads(files(__name__).joinpath('settings.json').read_text())\n"
                    "NOTES = files(__name__).joinpath('notes.txt').read_text()\n"
                    "def main() -> None:\n    print(check(), SETTINGS, NOTES)\n"
                ),
                "rig_tests/__init__.pyi": "SETTINGS: dict[str, str]\nNOTES: str\ndef main() -> None: ...\n",
                "rig_tests/py.typed": "",
                "rig_tests/testing.py": "def check() -> str:\n    return 'checked'\n",
                "rig_tests/settings.json": '{"colour": "green"}\n',
                "rig_tests/notes.txt": "read at import\n",
                "rig_tests/_speed.pyx": "def fast(): return 1\n",
                "rig_tests/_speed.c": "#include \"_speed.h\"\nint fast(void) { return 1; }\n",
                "rig_tests/_speed.h": "int fast(void);\n",
                "rig_tests/tests/__init__.py": "",
                "rig_tests/tests/conftest.py": "import pytest\n",
                "rig_tests/tests/test_settings.py": "from rig_tests import SETTINGS\n\ndef test_it():\n    assert SETTINGS\n",
                "rig_tests/tests/test_notes.py": "from rig_tests import NOTES\n\ndef test_it():\n    assert NOTES\n",
                "rig_tests/tests/data/case.json": '{"large": "' + "x" * 4000 + '"}\n',
                f"rig_tests-{VERSION}.data/scripts/rig-tests-script": "#!python\nprint('a script')\n",
            }
        ),
        entry_points="[console_scripts]\nrig-tests = rig_tests:main\n",
    ),
    Package(
        "rig-testneeded",
        "Imports from its own tests directory, so that pruning it breaks the package",
        tree(
            {
                "rig_testneeded/__init__.py": "from rig_testneeded.tests.helpers import helper\n\nVALUE = helper()\n",
                "rig_testneeded/tests/__init__.py": "",
                "rig_testneeded/tests/helpers.py": "def helper() -> int:\n    return 42\n",
                "rig_testneeded/tests/test_helpers.py": "def test_it():\n    pass\n",
            }
        ),
    ),
    Package(
        "rig-meta",
        "Needs its own metadata and entry points at import",
        tree(
            {
                "rig_meta/__init__.py": (
                    "from importlib.metadata import entry_points, version\n\n"
                    "__version__ = version('rig-meta')\n"
                    "(_plugin,) = entry_points(group='rig_meta.plugins', name='own')\n"
                    "PLUGIN = _plugin.load()\n"
                ),
                "rig_meta/plugin.py": "NAME = 'the plugin'\n",
            }
        ),
        entry_points="[rig_meta.plugins]\nown = rig_meta.plugin:NAME\n",
    ),
    *(
        Package(
            f"rig-dup-{letter}",
            "Installs the top-level module rig_shared, as its siblings do",
            tree({f"rig_dup_{letter}/__init__.py": f"NAME = '{letter}'\n", "rig_shared.py": f"OWNER = '{owner}'\n"}),
        )
        for letter, owner in [("a", "a"), ("b", "b"), ("c", "a")]
    ),
    Package("rig-secret", "Carries what must not be published", secret),
    Package(
        "rig-cp312",
        "Only a Linux wheel for CPython 3.12, so that no Worker resolves it",
        tree({"rig_cp312/__init__.py": ""}),
        tag="cp312-cp312-manylinux_2_28_x86_64",
    ),
    Package(
        "rig-native",
        "Says that it is pure Python and carries a Linux library",
        tree(
            {
                "rig_native/__init__.py": "NAME = 'rig-native'\n",
                # Magic, 64 bit, little endian, version 1; shared object for x86-64.
                "rig_native/_speed.so": b"\x7fELF\x02\x01\x01" + b"\0" * 9 + b"\x03\0\x3e\0\x01\0\0\0" + noise("elf", 4096),
            }
        ),
    ),
]


def record_hash(data: bytes) -> str:
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def build(package: Package) -> bytes:
    files = dict(sorted(package.files().items()))
    info = f"{package.stem}.dist-info"
    files[f"{info}/METADATA"] = (
        f"Metadata-Version: 2.1\nName: {package.name}\nVersion: {package.version}\n"
        f"Summary: {package.summary}\nRequires-Python: {package.requires_python}\n"
        + "".join(f"Requires-Dist: {requirement}\n" for requirement in package.requires)
        + "".join(f"Provides-Extra: {extra}\n" for extra in re.findall(r"extra == '(.+?)'", " ".join(package.requires)))
    ).encode()
    pure = "true" if package.tag.endswith("-none-any") else "false"
    files[f"{info}/WHEEL"] = (
        f"Wheel-Version: 1.0\nGenerator: saddlebag-rig\nRoot-Is-Purelib: {pure}\nTag: {package.tag}\n"
    ).encode()
    if package.entry_points:
        files[f"{info}/entry_points.txt"] = package.entry_points.encode()
    record = io.StringIO()
    rows = csv.writer(record, lineterminator="\n")
    rows.writerows((path, record_hash(data), len(data)) for path, data in files.items())
    rows.writerow((f"{info}/RECORD", "", ""))
    files[f"{info}/RECORD"] = record.getvalue().encode()

    wheel = io.BytesIO()
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, data in files.items():
            entry = zipfile.ZipInfo(path, EPOCH)
            entry.create_system = 3  # Unix, whatever this runs on
            entry.external_attr = (0o100755 if "/scripts/" in path else 0o100644) << 16
            # Stored, not deflated: compressors differ between machines, and the bytes must not.
            archive.writestr(entry, data, zipfile.ZIP_STORED)
    return wheel.getvalue()


def write(path: Path, data: bytes) -> None:
    """Writes in one go, so that an interrupted run leaves no half of a wheel, and not at all if it is there already."""
    if path.is_file() and path.stat().st_size == len(data) and path.read_bytes() == data:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(path.name + ".new")
    new.write_bytes(data)
    os.replace(new, path)


def page(links: list[tuple[str, str, str]]) -> bytes:
    """Links: where to, what they say, and which Python they require."""

    def attribute(python: str) -> str:
        return f' data-requires-python="{html.escape(python)}"' if python else ""

    body = "".join(f'<a href="{href}"{attribute(python)}>{label}</a><br>\n' for href, label, python in links)
    return f"<!DOCTYPE html>\n<html><body>\n{body}</body></html>\n".encode()


def main() -> None:
    cli = argparse.ArgumentParser(description="Builds the rig's test wheels into a simple index.")
    cli.add_argument("index", type=Path, help="directory of the index, made if missing")
    index: Path = cli.parse_args().index

    pages: dict[str, list[tuple[str, str, str]]] = {}
    for package in PACKAGES:
        wheel = index / package.name / package.wheel_name
        if package.rebuild or not wheel.is_file():
            write(wheel, build(package))
        digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
        link = (f"{wheel.name}#sha256={digest}", wheel.name, package.requires_python)
        pages.setdefault(package.name, []).append(link)
    for name, links in pages.items():
        write(index / name / "index.html", page(links))
    write(index / "index.html", page([(f"{name}/", name, "") for name in pages]))


if __name__ == "__main__":
    main()
