"""Set up the environment from the lock and go on: demo, test, test-long, test-simulation, lint, lock or run ARGS…

Needs nothing but Python's standard library, so that `make demo` on Linux or macOS and `py dev.py demo` on
Windows, where Sage 50 lives, are the same command.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")
RUN_LOCK = ROOT / "requirements" / "lock.txt"
TEST_LOCK = ROOT / "requirements" / "test-lock.txt"
OLDEST, NEWEST = (3, 11), (3, 13)
IN_TWO_PROCESSES = ["--numprocesses=2", "--dist=loadfile", "--no-loadscope-reorder"]


def say(text: str) -> None:
    print(f"tillproof: {text}", flush=True)


def call(*command: str | Path, **environment: str) -> int:
    return subprocess.call([str(part) for part in command], cwd=ROOT, env={**os.environ, **environment})


def must(*command: str | Path) -> None:
    code = call(*command)
    if code:
        say(f"failed ({code}): {' '.join(str(part) for part in command)}")
        raise SystemExit(code)


def digest_of(locks: list[Path]) -> str:
    """What the environment was made from; the Python version counts, for wheels differ by it."""
    parts = [
        sys.version.encode(),
        (ROOT / "pyproject.toml").read_bytes(),
        *(lock.read_bytes() for lock in locks),
    ]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def set_up(*, with_tests: bool) -> None:
    """Make the environment if it is missing or was made from another lock; otherwise change nothing."""
    if not OLDEST <= sys.version_info[:2] <= NEWEST:
        raise SystemExit(f"tillproof needs Python 3.11 to 3.13; this is {sys.version.split()[0]}")
    locks = [RUN_LOCK, TEST_LOCK] if with_tests else [RUN_LOCK]
    stamps = {VENV / "made-from-run", VENV / "made-from-test"} if with_tests else {VENV / "made-from-run"}
    wanted = {stamp: digest_of([RUN_LOCK] if stamp.name == "made-from-run" else locks) for stamp in stamps}
    if PYTHON.exists() and all(s.exists() and s.read_text() == digest for s, digest in wanted.items()):
        return
    if not PYTHON.exists():
        say("making the environment (.venv); the first time takes a minute or two")
        venv.EnvBuilder(with_pip=True, symlinks=os.name != "nt").create(VENV)
    pip = [PYTHON, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    say(f"installing what {' and '.join(lock.relative_to(ROOT).as_posix() for lock in locks)} pin, by hash")
    install_in_two(pip, locks)
    must(*pip, "install", "--no-deps", "--no-build-isolation", "--editable", ROOT)
    must(*pip, "check")
    say("having dbt read the project, once for all that follows")
    must(PYTHON, "-m", "orchestration.warehouse")
    for stamp, digest in wanted.items():
        stamp.write_text(digest)


def install_in_two(pip: list[str | Path], locks: list[Path]) -> None:
    """Install every pin, half of them by each of two pips: one pip uses one processor, and no two pins share a file.

    Python compiles what is imported when it is imported first, a quarter of what is installed; where it was told not
    to, pip compiles it all as ever.
    """
    pins = [text for lock in locks for text in entries(lock).values()]
    options = ["--require-hashes", "--no-deps", *([] if sys.dont_write_bytecode else ["--no-compile"])]
    commands = []
    for half in range(2):
        wanted = VENV / f"half-{half}.txt"
        wanted.write_text("".join(pins[half::2]), encoding="utf-8", newline="\n")
        commands.append([str(part) for part in (*pip, "install", *options, "--requirement", wanted)])
    running = [subprocess.Popen(command, cwd=ROOT) for command in commands]
    codes = [process.wait() for process in running]
    for code, command in zip(codes, commands, strict=True):
        if code:
            say(f"failed ({code}): {' '.join(command)}")
            raise SystemExit(code)


def demo(arguments: list[str]) -> int:
    set_up(with_tests=False)
    return call(PYTHON, "-m", "orchestration.cli", "demo", *arguments)


def test(arguments: list[str]) -> int:
    """Every test but the stories of minutes, in two processes; with arguments, what they name."""
    set_up(with_tests=True)
    return call(PYTHON, "-m", "pytest", *(arguments or ["--stories=short", *IN_TWO_PROCESSES]))


def test_long(arguments: list[str]) -> int:
    """The stories of minutes that `test` leaves out, each with what its module plays before it."""
    set_up(with_tests=True)
    return call(PYTHON, "-m", "pytest", "--stories=long", *IN_TWO_PROCESSES, *arguments)


def test_simulation(arguments: list[str]) -> int:
    """The posting room against a simulated Sage, 100,000 seeds unless `--seeds` says otherwise."""
    set_up(with_tests=True)
    return call(PYTHON, ROOT / "tests" / "simulation" / "simulate.py", *arguments)


def lint(_arguments: list[str]) -> int:
    set_up(with_tests=True)
    checks = [
        [BIN / "ruff", "check", "."],
        [BIN / "ruff", "format", "--check", "."],
        [PYTHON, "-m", "mypy"],
        [BIN / "sqlfluff", "lint", "--disable-progress-bar", "dbt_project/models"],
    ]
    return max(call(*check) for check in checks)


def run(arguments: list[str]) -> int:
    set_up(with_tests=False)
    return call(PYTHON, "-m", "orchestration.cli", *arguments)


def lock(_arguments: list[str]) -> int:
    """Make both locks anew, with hashes and without any index address. Needs `uv` on the PATH."""
    uv = shutil.which("uv") or str(BIN / "uv")
    options = ["--system-certs", "--universal", "--python-version", "3.11", "--generate-hashes"]
    options += ["--no-emit-index-url", "--no-header", "--no-annotate", "--quiet", "pyproject.toml"]
    must(uv, "pip", "compile", *options, "--output-file", RUN_LOCK)
    must(
        uv, "pip", "compile", *options, "--extra", "dev", "--constraint", RUN_LOCK, "--output-file", TEST_LOCK
    )
    pinned_to_run = set(entries(RUN_LOCK))
    only_tests = [text for name, text in entries(TEST_LOCK).items() if name not in pinned_to_run]
    TEST_LOCK.write_text("".join(only_tests), encoding="utf-8", newline="\n")
    return 0


def entries(lock_file: Path) -> dict[str, str]:
    """Each pin of a lock file with its hashes, by its first line."""
    found: dict[str, str] = {}
    for line in lock_file.read_text(encoding="utf-8").splitlines(keepends=True):
        if not line.startswith((" ", "#")):
            first = line
        found[first] = found.get(first, "") + line
    return found


COMMANDS = {
    "demo": demo,
    "test": test,
    "test-long": test_long,
    "test-simulation": test_simulation,
    "lint": lint,
    "lock": lock,
    "run": run,
}

if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] not in COMMANDS:
        raise SystemExit(f"usage: {Path(sys.argv[0]).name} {{{','.join(COMMANDS)}}} [ARGUMENTS]")
    raise SystemExit(COMMANDS[sys.argv[1]](sys.argv[2:]))
