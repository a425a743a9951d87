"""A page gone through by Tab, from its beginning to its end."""

from __future__ import annotations

from playwright.sync_api import Page

from tests.browser.hands import IS_SEEN

_PLACES = """() => {
    const every = [...document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex='0']")];
    const entered = (group) => group.find((one) => one.checked) ?? group[0];
    const isPassed = (radio) => radio !== entered([...document.getElementsByName(radio.name)]);
    window.places = every.filter((place) => place.checkVisibility() && !place.disabled
        && place.type !== "hidden" && !(place.type === "radio" && isPassed(place)));
    document.activeElement.blur();
    return window.places.length;
}"""
_WHERE = "() => window.places.indexOf(document.activeElement)"
_TOLD = "(number) => window.places[number].outerHTML.slice(0, 120)"


def unreachable(page: Page) -> list[str]:
    """What can be clicked on and Tab does not lead to, or leads to and nobody sees it."""
    count, reached, wrong = page.evaluate(_PLACES), list[int](), list[str]()
    for _ in range(2 * count + 20):
        page.keyboard.press("Tab")
        number = page.evaluate(_WHERE)
        if number < 0 or number in reached[-1:]:  # the end of the page; a part of a field, as dates have them
            continue
        if number in reached:
            break
        reached.append(number)
        if not page.evaluate(f"() => ({IS_SEEN})(document.activeElement)"):
            wrong.append(f"nobody sees the focus on {page.evaluate(_TOLD, number)}")
    wrong += (f"Tab does not lead to {page.evaluate(_TOLD, one)}" for one in range(count) if one not in reached)
    return wrong
