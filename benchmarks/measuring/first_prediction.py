"""How long a user waits for the first prediction: run in a fresh process, prints seconds as JSON."""

from __future__ import annotations

import json
import time

__all__ = ["main"]


def main() -> None:
    """Import, make a model, predict, learn one record, predict again."""
    begin = time.perf_counter()
    import stream_hmoe

    model = stream_hmoe.HMoEClassifier()
    imported = time.perf_counter()
    model.predict_one({"a": 1.0, "b": 2.0})
    model.learn_one({"a": 1.0, "b": 2.0}, 1)
    model.predict_one({"a": 2.0, "b": 1.0})
    records = time.perf_counter()
    stream_hmoe.prequential(model, [[1.0, 2.0], [2.0, 1.0]], [1, 0])
    arrays = time.perf_counter()
    print(
        json.dumps(
            {"import": imported - begin, "first_record": records - begin, "first_array": arrays - begin}
        )
    )


if __name__ == "__main__":
    main()
