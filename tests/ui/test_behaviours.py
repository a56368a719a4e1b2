"""What the small modules do, with a keyboard and a mouse."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Dialog, expect

from tests.ui.conftest import Opened

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_keys_lead_to_search_rows_help_and_pages(opened: Opened) -> None:
    with opened() as walker:
        page, keys = walker.page, walker.page.keyboard
        keys.press("j")
        expect(page.get_by_role("link", name="ana.dubois")).to_be_focused()
        keys.press("j")
        expect(page.get_by_role("link", name="ben.okafor")).to_be_focused()
        keys.press("k")
        expect(page.get_by_role("link", name="ana.dubois")).to_be_focused()
        keys.press("?")
        expect(page.locator("#keys")).to_be_visible()
        walker.checked()
        keys.press("Escape")
        keys.press("/")
        expect(page.get_by_role("searchbox")).to_be_focused()
        keys.type("gc?")  # in a field, letters are letters
        expect(page.get_by_role("searchbox")).to_have_value("gc?")
        page.get_by_role("searchbox").blur()
        keys.press("g")
        keys.press("p")
        expect(page).to_have_url(re.compile("/w/acme/contacts/$"))


def test_the_palette_narrows_and_goes(opened: Opened) -> None:
    with opened() as walker:
        page, keys = walker.page, walker.page.keyboard
        keys.press("Control+k")
        keys.type("supp")
        expect(page.locator("#palette a:visible")).to_have_text(re.compile("Suppressions"))
        walker.checked()
        keys.press("Enter")
        expect(page).to_have_url(re.compile("/contacts/suppressions$"))


def test_a_dialog_closes_by_its_button_by_escape_and_by_a_click_beside_it(opened: Opened) -> None:
    with opened() as walker:
        page, dialog = walker.page, walker.page.locator("#question")
        leave: tuple[Callable[[], None], ...] = (
            lambda: dialog.get_by_role("button", name="Cancel").click(),
            lambda: page.keyboard.press("Escape"),
            lambda: page.mouse.click(5, 5),
        )
        for way in leave:
            page.get_by_role("button", name="Ask first").click()
            expect(dialog).to_be_visible()
            way()
            expect(dialog).to_be_hidden()


def test_the_box_above_a_column_ticks_all_and_shows_when_only_some_are(opened: Opened) -> None:
    with opened() as walker:
        page = walker.page
        every = page.get_by_role("checkbox", name="Select all on this page")
        every.check()
        expect(page.locator("input[name=contact]:checked")).to_have_count(3)
        page.get_by_role("checkbox", name="Select ben.okafor").uncheck()
        expect(every).to_be_checked(indeterminate=True)


def test_a_variable_goes_to_where_the_cursor_was(opened: Opened) -> None:
    with opened() as walker:
        field = walker.page.get_by_label("Text", exact=True)
        field.focus()
        field.evaluate("field => field.setSelectionRange(6, 6)")
        walker.page.get_by_role("button", name="first_name").click()
        expect(field).to_have_value("Hello {{ first_name }}, I saw what you do.")


def test_copying_puts_the_text_on_the_clipboard_and_says_so(opened: Opened) -> None:
    with opened() as walker:
        walker.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        walker.page.get_by_role("button", name="Copy the record").click()
        expect(walker.page.get_by_role("button", name="Copied")).to_be_visible()
        assert walker.page.evaluate("navigator.clipboard.readText()") == "v=spf1 -all"
        expect(walker.page.get_by_role("button", name="Copy the record")).to_be_visible()


def test_a_success_goes_by_itself_and_an_error_stays(opened: Opened) -> None:
    with opened() as walker:
        expect(walker.page.locator(".toast-success")).to_have_count(0, timeout=12_000)
        error = walker.page.locator(".toast-error")
        expect(error).to_be_visible()
        error.get_by_role("button", name="Dismiss").click()
        expect(error).to_have_count(0)


def test_a_request_that_fails_is_told_in_words(opened: Opened) -> None:
    with opened() as walker:
        walker.page.route("**/gone", lambda route: route.fulfill(status=404, body="no"))
        walker.page.evaluate("htmx.ajax('GET', '/gone', 'main').catch(() => {})")
        expect(walker.page.locator("[data-failure]")).to_contain_text("This is not there any more")


def test_times_keep_going_while_the_page_is_open(opened: Opened) -> None:
    with opened() as walker:
        time = walker.page.locator("time").first
        expect(time).to_have_text("5 min ago")
        time.evaluate("time => { time.dateTime = new Date(Date.now() - 7_300_000).toISOString(); }")
        expect(time).to_have_text("2 h ago", timeout=8_000)


def test_a_form_asks_before_it_is_sent_and_sends_what_was_pressed(opened: Opened) -> None:
    with opened() as walker:
        page, dialog = walker.page, walker.page.locator("#confirm")
        sent: list[str] = []
        page.on("request", lambda request: sent.append(request.post_data or "") if request.method == "POST" else None)
        page.get_by_role("button", name="Remove step 2").click()
        expect(dialog).to_contain_text("Its wording goes with it.")
        walker.checked()
        dialog.get_by_role("button", name="Keep").click()
        expect(dialog).to_be_hidden()
        assert not sent
        page.get_by_role("button", name="Remove step 2").click()
        with page.expect_navigation():
            dialog.get_by_role("button", name="Remove").click()
        assert [body for body in sent if "removed=2" in body] == sent != []


def test_what_is_typed_is_not_thrown_away_without_a_question(opened: Opened) -> None:
    with opened() as walker:
        page = walker.page
        asked: list[str] = []

        def stay(dialog: Dialog) -> None:
            asked.append(dialog.type)
            dialog.dismiss()

        page.on("dialog", stay)
        page.get_by_label("Note").press_sequentially("half a thought")
        page.get_by_role("link", name="Inbox").click()
        expect(page.get_by_label("Note")).to_have_value("half a thought")
        assert asked == ["beforeunload"]
        with page.expect_navigation():
            page.get_by_role("button", name="Save the note").click()
        assert asked == ["beforeunload"]  # what is saved is not lost


def test_a_form_that_is_sent_leads_back_to_its_place(opened: Opened) -> None:
    with opened() as walker:
        button = walker.page.get_by_role("button", name="Save the note")
        button.scroll_into_view_if_needed()
        before = walker.page.evaluate("scrollY")
        assert before > 0
        with walker.page.expect_navigation():
            button.click()
        expect(button).to_be_in_viewport()
        assert abs(walker.page.evaluate("scrollY") - before) < 50


def test_a_form_that_is_refused_leads_to_the_first_wrong_field(opened: Opened) -> None:
    with opened() as walker:
        walker.page.get_by_role("button", name="Remove step 2").click()
        with walker.page.expect_navigation():
            walker.page.locator("#confirm").get_by_role("button", name="Remove").click()
        expect(walker.page.get_by_label("SMTP server")).to_be_focused()


def test_a_region_that_asks_for_itself_keeps_the_focus_and_rests_while_a_choice_is_made(opened: Opened) -> None:
    with opened() as walker:
        page = walker.page
        link = page.get_by_role("link", name="Newest answer")
        link.evaluate("link => { link.dataset.old = ''; link.focus(); }")
        expect(page.locator("#live a[data-old]")).to_have_count(0)  # another one came
        expect(link).to_be_focused()
        page.get_by_label("Kind").focus()
        rests = (
            "() => new Promise(done => document.addEventListener('htmx:beforeRequest',"
            " event => queueMicrotask(() => done(event.defaultPrevented)), { once: true }))"
        )
        assert page.evaluate(rests)
        expect(page.get_by_label("Kind")).to_be_focused()


def test_the_focus_survives_an_answer_that_comes_before_the_last_one_has_settled(opened: Opened) -> None:
    with opened() as walker:
        link = walker.page.get_by_role("link", name="Newest answer")
        link.focus()
        focused = walker.page.evaluate(
            """() => {
                const swap = () => {
                    const live = document.querySelector("#live");
                    live.dispatchEvent(new CustomEvent("htmx:beforeSwap", { bubbles: true, detail: { target: live } }));
                    live.outerHTML = live.outerHTML;
                };
                swap();
                swap();
                document.body.dispatchEvent(new CustomEvent("htmx:afterSettle", { bubbles: true }));
                return document.activeElement.textContent;
            }"""
        )
        assert focused == "Newest answer"
