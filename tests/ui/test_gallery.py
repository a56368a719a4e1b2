"""Every component in a real browser: axe, security policy, layout, theme."""

from __future__ import annotations

import pytest

from tests.browser.walker import NARROW, WIDE
from tests.ui.conftest import Opened

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize(("width", "dark"), [(WIDE, False), (NARROW, True)])
def test_axe_and_the_policy_find_nothing_in_any_component(opened: Opened, width: int, *, dark: bool) -> None:
    with opened(width=width, dark=dark, themes=True) as walker:
        page = walker.page
        page.get_by_role("button", name="Ask first").click()
        page.locator("#question[open]").wait_for()
        walker.checked()


def test_a_wide_table_can_be_scrolled_with_the_keyboard_on_a_phone(opened: Opened) -> None:
    with opened(width=NARROW) as walker:
        box = walker.page.get_by_role("region", name="Wide numbers, scrolls sideways")
        box.focus()
        walker.page.keyboard.press("ArrowRight")
        # Not wait_for_function: it evaluates a text again and again, which the policy forbids.
        wait = (
            "async box => { for (let i = 0; i < 200 && !box.scrollLeft; i++) await new Promise(requestAnimationFrame);"
        )
        assert box.evaluate(wait + " return box.scrollLeft; }") > 0


def test_the_chosen_theme_comes_with_the_page(opened: Opened) -> None:
    with opened() as walker:
        page = walker.page
        ground = "getComputedStyle(document.body.parentElement).backgroundColor"
        light = page.evaluate(ground)
        page.get_by_role("button", name="Theme: system").click()
        page.locator("html[data-theme=dark]").wait_for()
        assert page.evaluate(ground) != light
        walker.checked()


def test_everything_in_the_rail_stays_reachable_on_a_phone(opened: Opened) -> None:
    with opened(width=NARROW) as walker:
        for link in walker.page.locator(".rail-link").all():
            box = link.bounding_box()
            assert box is not None
            assert box["width"] >= 24, link.inner_text()
            assert box["height"] >= 24, link.inner_text()
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= NARROW
