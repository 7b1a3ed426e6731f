"""One browser for all tests, and a page for each; `browsing` says how to use it."""

import pytest
from browsing import Browser, Page


@pytest.fixture(scope="session")
def browser():
    one = Browser()
    yield one
    one.close()


@pytest.fixture
def visit(browser, tmp_path_factory):
    """Open a file or a text; see `Page.open`. No error and no request may follow."""
    page = Page(browser, tmp_path_factory.mktemp("pages"))
    page.trouble()
    yield page.open
    assert page.trouble() == []
