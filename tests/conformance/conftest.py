"""The suites are no test modules by name: ask pytest to explain their assertions all the same."""

import pytest

pytest.register_assert_rewrite("tests.conformance.sources", "tests.conformance.targets")
