import os

import pytest

from keras_gen.utils import remove_unfinished, replacing
from keras_gen.utils.files import special_file


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


def test_a_full_disk_leaves_the_former_file_and_is_named(tmp_path, small_files_only):
    path = tmp_path / "file.txt"
    path.write_text("former")
    with small_files_only(1_000), pytest.raises(OSError) as error, replacing(path) as aside:
        aside.write_bytes(bytes(2_000))
    assert error.value.filename == str(path)
    assert path.read_text() == "former"
    assert list(tmp_path.iterdir()) == [path]


def test_an_error_about_another_file_keeps_its_name(tmp_path):
    with pytest.raises(FileNotFoundError) as error, replacing(tmp_path / "file.txt"):
        (tmp_path / "other.txt").read_text()
    assert error.value.filename == str(tmp_path / "other.txt")


def test_what_a_killed_process_left_is_removed_and_nothing_else(tmp_path):
    (tmp_path / "kept.txt").write_text("kept")
    unfinished = replacing(tmp_path / "file.txt")
    unfinished.__enter__().write_text("half")
    assert len(list(tmp_path.iterdir())) == 2
    remove_unfinished(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["kept.txt"]
    remove_unfinished(tmp_path / "no folder")


def test_what_is_neither_file_nor_folder_is_found(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "file").write_text("")
    (tmp_path / "link").symlink_to(tmp_path / "nothing")
    assert special_file(tmp_path) is None and special_file(tmp_path / "nothing") is None
    os.mkfifo(tmp_path / "folder" / "pipe")
    assert special_file(tmp_path) == special_file(tmp_path / "folder" / "pipe") == tmp_path / "folder" / "pipe"
