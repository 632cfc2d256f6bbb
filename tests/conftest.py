"""What all tests share: pytester, no data but what a test makes itself, and nobody's progress."""

import pytest

pytest_plugins = ["pytester"]


@pytest.fixture(scope="session", autouse=True)
def no_data_of_this_machine(tmp_path_factory):
    """Hide the data sets that lie on this machine: the lessons use the embedded photographs.

    What the tests solve is nobody's progress.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COURSE_PROGRESS", "off")
        patch.setenv("COURSE_DATA", str(tmp_path_factory.mktemp("course-data")))
        yield
