"""What every page has to stand: its width, and somebody who reads it with a screen reader."""

from typing import Any

from axe_playwright_python.sync_playwright import Axe

SIZES = {"desk": {"width": 1280, "height": 860}, "phone": {"width": 390, "height": 844}}
#: Each language and each size once, the longer words on the narrower page; the rest of the grid
#: is walked for the coupon's life.
VISITS = [("en-GB", "phone"), ("zh-CN", "desk")]


def fits(page: Any) -> bool:
    """Say whether nothing makes the page scroll sideways."""
    return page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def barriers(page: Any) -> list[str]:
    """List what axe finds: its name, and where, three places at most."""
    return [
        f"{violation['id']}: {node['html'][:160]}"
        for violation in Axe().run(page).response["violations"]
        for node in violation["nodes"][:3]
    ]
