"""``hmoe export`` writes the model of a run for other programs."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stream_hmoe import FrozenModel, HMoEClassifier, HMoERegressor, checkpoint
from stream_hmoe.frozen import agreement, onnx_program
from tests.monitor.command import Done, inside
from tests.monitor.made_streams import drifting, write_csv

RECORDS = 520
FORM = {False: "onnx", True: "torch"}


@pytest.fixture(scope="module", params=[False, True], ids=["classification", "regression"])
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bool]:
    """A folder with the run ``run``, and whether it is a regression."""
    folder = tmp_path_factory.mktemp("export")
    stream = write_csv(folder / "stream.csv", drifting(RECORDS, is_regression=request.param))
    done = inside(
        ["run", "--input", stream, "--target", "label", "--run-dir", "run", "--no-metrics", "--quiet"], folder
    )
    assert done.exit_code == 0, done.error
    return folder, request.param


def export(folder: Path, *more: str, run: str = "run", form: str = "torch") -> Done:
    return inside(["export", run, "--format", form, "--output", "out/model", *more], folder)


def test_the_file_predicts_as_the_run_would_and_says_what_it_is(run: tuple[Path, bool]) -> None:
    folder, is_regression = run
    done = export(folder, form=FORM[is_regression])
    assert done.exit_code == 0, done.error
    assert done.error == ""
    frozen = FrozenModel.load(folder / "out" / "model")
    whole = (HMoERegressor if is_regression else HMoEClassifier).load(folder / "run" / "checkpoint")
    records = [{name: value for name, value in r.items() if name != "label"} for r in drifting(60, seed=9)]
    predicted, _ = frozen.predict(records)
    assert len(predicted) == 60
    for row, record in zip(predicted, records, strict=True):
        truth = whole._inner.predict(record).predicted[0]
        np.testing.assert_allclose(row, truth, rtol=1e-11)
    about = json.loads((folder / "out" / "model.json").read_text())
    assert about == frozen.description
    assert (about["target"], about["records"], about["format"]) == ("label", RECORDS, FORM[is_regression])
    assert about["classes"] == list(getattr(whole, "labels", ()))
    assert about["features"] == list(whole.feature_names)
    assert about["check"]["records"] == 500  # of the stream, up to the last whole tick
    assert about["check"]["predicted"] < 1e-11
    manifest = folder / "run" / "checkpoint" / about["checkpoint"]["folder"] / "manifest.json"
    assert about["checkpoint"]["manifest_sha256"] == hashlib.sha256(manifest.read_bytes()).hexdigest()
    assert not list((folder / "out").glob("*.writing"))


def test_three_lines_say_how_to_use_it_and_the_second_is_true(
    run: tuple[Path, bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, _ = run
    lines = export(folder).out.splitlines()
    assert len(lines) == 3
    assert f"the model after {RECORDS} records" in lines[0]
    monkeypatch.chdir(folder)
    names: dict[str, Any] = {"record": {"x": 0.5, "y": 0.1, "colour": "red"}}
    statement, expression = lines[1].removeprefix("in Python:").strip().split("; ")
    exec(statement, names)  # noqa: S102  our own text
    assert eval(expression, names) is not None  # noqa: S307  our own text
    assert "x (records, 6) float64" in lines[2]


def test_json_is_the_description(run: tuple[Path, bool]) -> None:
    folder, _ = run
    done = export(folder, "--json", run="run/checkpoint")
    about = json.loads((folder / "out" / "model.json").read_text())
    size = (folder / "out" / "model").stat().st_size
    assert done.json == {"file": "out/model", "bytes": size, **about}


def test_a_checkpoint_of_a_model_alone_is_compared_on_what_it_remembers(tmp_path: Path) -> None:
    model = HMoEClassifier()
    for record in drifting(30):
        model.learn_one(record, record.pop("label"))
    model.save(tmp_path / "saved")
    done = export(tmp_path, "--json", run="saved")
    assert done.exit_code == 0, done.error
    assert done.json["check"]["records"] == 30
    assert done.json["target"] is None


@pytest.mark.parametrize("state", [{"model": None}, {"model": HMoEClassifier().state_dict()}])
def test_nothing_learned_is_nothing_to_export(state: dict[str, Any], tmp_path: Path) -> None:
    checkpoint.save(tmp_path / "run", state)
    done = export(tmp_path)
    assert done.exit_code == 78
    assert "holds no model" in done.error or "learned nothing yet" in done.error
    assert not (tmp_path / "out").exists()


def test_no_run_and_a_folder_for_a_file_are_told(run: tuple[Path, bool]) -> None:
    folder, _ = run
    done = export(folder, run="nowhere")
    assert (done.exit_code, "nowhere" in done.error) == (78, True)
    done = inside(["export", "run", "--output", "."], folder)
    assert (done.exit_code, "is a folder; name a file" in done.error) == (78, True)


def test_a_model_that_differs_is_not_written(run: tuple[Path, bool], monkeypatch: pytest.MonkeyPatch) -> None:
    folder, _ = run
    monkeypatch.setattr(agreement, "TOLERANCE", 1e-300)
    done = inside(["export", "run", "--format", "torch", "--output", "other/model"], folder)
    assert done.exit_code == 78
    assert "nothing was written" in done.error
    assert not (folder / "other").exists()


def test_without_the_extra_it_says_what_to_install(
    run: tuple[Path, bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, _ = run
    monkeypatch.setattr(onnx_program, "find_spec", lambda name: None)
    done = export(folder, form="onnx")
    assert (done.exit_code, done.out) == (78, "")
    assert "pip install stream-hmoe[onnx]" in done.error
