"""Relay connections over keyset pages."""

from typing import Any

import strawberry

from app.kernel.paging import Page


@strawberry.type
class PageInfo:
    """Where a page stands in its list."""

    has_next_page: bool
    """Whether more follow; when paging backward, whether anything was skipped."""
    has_previous_page: bool
    """Whether more come before."""
    start_cursor: str | None
    """The cursor of the first item; null when the page is empty."""
    end_cursor: str | None
    """The cursor of the last item; null when the page is empty."""

    @classmethod
    def of(cls, page: Page[Any]) -> "PageInfo":
        """Describe a page."""
        return cls(
            has_next_page=page.has_next,
            has_previous_page=page.has_previous,
            start_cursor=page.cursors[0] if page.cursors else None,
            end_cursor=page.cursors[-1] if page.cursors else None,
        )
