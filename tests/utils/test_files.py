import pytest

from keras_gen.utils import replacing


def test_the_file_appears_at_the_end_and_nothing_else_remains(tmp_path):
    path = tmp_path / "new" / "folder" / "file.txt"
    with replacing(path) as aside:
        assert aside.suffix == ".txt"
        aside.write_text("whole")
        assert not path.exists()
    assert path.read_text() == "whole"
    assert list(path.parent.iterdir()) == [path]


def test_an_exception_leaves_the_former_file(tmp_path):
    path = tmp_path / "file.txt"
    path.write_text("former")
    with pytest.raises(KeyError), replacing(path) as aside:
        aside.write_text("half")
        raise KeyError
    assert path.read_text() == "former"
    assert list(tmp_path.iterdir()) == [path]
