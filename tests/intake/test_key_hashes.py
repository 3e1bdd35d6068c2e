"""Keys that occur twice are found whatever their order and wherever the runs end; hardly any other is suspected."""

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from scoring.intake.key_hashes import KeyHashes, hashes_of

KEYS = st.lists(st.none() | st.text(st.sampled_from("ab1"), max_size=3), max_size=60)


@given(keys=KEYS, run_rows=st.integers(1, 20), batch_rows=st.integers(1, 10))
def test_keys_that_occur_twice_are_found_in_runs_of_any_length(tmp_path_factory, keys, run_rows, batch_rows):
    hashes = KeyHashes(tmp_path_factory.mktemp("hashes") / "keys", run_rows=run_rows)
    for first in range(0, len(keys), batch_rows):
        hashes.add(pa.array(keys[first : first + batch_rows], pa.string()))
    twice = {key for key in keys if key is not None and keys.count(key) > 1}
    assert hashes.shared().tolist() == sorted(hashes_of(pa.array(sorted(twice), pa.string())).tolist())
