"""What import-linter cannot see: what is really loaded, where files are touched, and how long things are."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ["stream_hmoe", "monitor", "dashboards"]
NEED_TORCH = {f"stream_hmoe.{name}" for name in ("experts", "frozen", "gates", "geometry", "hmoe", "mixture")}
MAY_TOUCH_FILES = {"stream_hmoe.checkpoint", "stream_hmoe.frozen.model"}
FILE_METHODS = {"open", "read_bytes", "read_text", "write_bytes", "write_text"}
MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60


def sources(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def module(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def loaded(imports: str, wanted: str) -> bool:
    command = [sys.executable, "-c", f"{imports}\nimport sys\nprint({wanted!r} in sys.modules)"]
    return subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout.strip() == b"True"


def test_only_the_torch_model_loads_torch() -> None:
    names = [module(path) for path in sources("stream_hmoe", "monitor")]
    needy = [name for name in names if any(f"{name}.".startswith(f"{need}.") for need in NEED_TORCH)]
    others = [name for name in names if name not in needy and not name.endswith("__main__")]
    assert not loaded("\n".join(f"import {name}" for name in others), "torch")
    assert loaded("import stream_hmoe.hmoe", "torch")


def test_readers_of_the_journal_load_neither_torch_nor_compiler() -> None:
    readers = [module(path) for path in sources("dashboards") if imports_nothing_that_draws(path)]
    statements = "\n".join(f"import {name}" for name in readers)
    assert readers
    assert not loaded(statements, "torch")
    assert not loaded(statements, "numba")


def imports_nothing_that_draws(path: Path) -> bool:
    # A page is a script: importing it would run it.
    return path.parent.name != "pages" and "streamlit" not in path.read_text(encoding="utf-8")


def test_the_learning_system_touches_files_in_one_place() -> None:
    for path in sources("stream_hmoe"):
        if module(path) not in MAY_TOUCH_FILES:
            calls = [
                node.func
                for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
                if isinstance(node, ast.Call)
            ]
            names = {call.id for call in calls if isinstance(call, ast.Name)}
            methods = {call.attr for call in calls if isinstance(call, ast.Attribute)}
            assert not FILE_METHODS & (names | methods), path


@pytest.mark.parametrize("path", sources(*PACKAGES, "benchmarks", "deploy", "tests"), ids=module)
def test_a_file_is_one_idea(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MAX_FILE_LINES


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


@pytest.mark.parametrize("path", sources(*PACKAGES), ids=module)
def test_a_function_fits_on_a_page(path: Path) -> None:
    for function in functions(path):
        body = function.body[1:] if ast.get_docstring(function) else function.body
        lines = body[-1].end_lineno - body[0].lineno + 1 if body and body[-1].end_lineno else 0
        assert lines <= MAX_FUNCTION_LINES, f"{function.name} has {lines} lines"
