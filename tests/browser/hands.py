"""How somebody acts on a page: with a mouse, or with a keyboard and nothing else."""

from __future__ import annotations

from typing import Protocol

from playwright.sync_api import Keyboard as Keys
from playwright.sync_api import Locator

_LONG = 200
"""Characters above which a text is pasted, not typed."""
_MOST_STOPS = 400
"""Presses of Tab after which a place counts as out of reach."""

_IS_FOCUSED = "element => element === document.activeElement"
IS_SEEN = """element => {
    const shown = getComputedStyle(element);
    return (shown.outlineStyle !== "none" && parseFloat(shown.outlineWidth) > 0) || shown.boxShadow !== "none";
}"""
_CHOSEN = "element => element.selectedOptions[0]?.label ?? ''"


class Hand(Protocol):
    """What a hand does with what it is shown; what is to follow from it is for whoever tells it to see to."""

    def press(self, place: Locator) -> None: ...
    def write(self, field: Locator, text: str) -> None: ...
    def choose(self, field: Locator, option: str) -> None: ...
    def tick(self, box: Locator) -> None: ...


class Mouse:
    """Points and clicks; what it writes is typed all the same."""

    def press(self, place: Locator) -> None:
        place.click()

    def write(self, field: Locator, text: str) -> None:
        field.click()
        field.fill(text)

    def choose(self, field: Locator, option: str) -> None:
        field.select_option(label=option)

    def tick(self, box: Locator) -> None:
        box.click()
        assert box.is_checked()


class Keyboard:
    """Goes from place to place by Tab, and sees at each where it is."""

    def press(self, place: Locator) -> None:
        self._reach(place).press("Enter")

    def write(self, field: Locator, text: str) -> None:
        keys = self._reach(field)
        keys.press("Control+a")
        keys.press("Delete")
        if len(text) > _LONG or "\n" in text:
            keys.insert_text(text)
        else:
            keys.type(text)
        assert field.input_value() == text

    def choose(self, field: Locator, option: str) -> None:
        keys = self._reach(field)
        keys.press("Home")
        for _ in range(field.locator("option").count()):
            if field.evaluate(_CHOSEN).strip() == option:
                return
            keys.press("ArrowDown")
        raise AssertionError(f"the arrows lead to no {option!r}")

    def tick(self, box: Locator) -> None:
        if box.get_attribute("type") != "radio":
            self._reach(box).press("Space")
        else:
            self._reach_choice(box)
        assert box.is_checked()

    def _reach_choice(self, wanted: Locator) -> None:
        """Tab leads to one of a group, the arrows from there to the others."""
        group = wanted.locator("xpath=ancestor::fieldset[1]").get_by_role("radio")
        chosen = group.and_(wanted.page.locator(":checked"))
        keys = self._reach(chosen if chosen.count() else group.first)
        keys.press("Space")
        for _ in range(group.count()):
            if wanted.is_checked():
                return
            keys.press("ArrowDown")

    def _reach(self, place: Locator) -> Keys:
        """The keys, once the focus is there."""
        place.wait_for()
        keys = place.page.keyboard
        for _ in range(_MOST_STOPS):
            if place.evaluate(_IS_FOCUSED):
                assert place.evaluate(IS_SEEN), f"nobody sees that {place} has the focus"
                return keys
            keys.press("Tab")
        raise AssertionError(f"Tab does not lead to {place} of {place.page.url}")
