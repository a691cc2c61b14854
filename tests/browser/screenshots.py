"""Photograph the console's main pages: both languages, desktop and phone.

    python -m tests.browser.screenshots --user owner --password … [page …]

Run by `make screenshots` against a running server. Without a password it logs in as the
owner that `make demo` names. Where no coupon waits for a reviewer, it writes one and submits
it, for the pages about such a coupon. Writes docs/images/<page>-<language>-<width>.png.
"""

import argparse
import os
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

from config.services.addresses import data_folder
from tests.conftest import BROWSER_FLAGS, chromium

LANGUAGES = {"en": "en-GB", "zh": "zh-CN"}
WIDTHS = {"1280": (1280, 860), "390": (390, 844)}
#: Coupons that wait for a reviewer, as their list shows them.
IN_REVIEW = "/coupons/coupon/?state=in_review"
#: Those that were out, as all of the demo's are.
OVER = "/coupons/coupon/?state=expired"
#: page → address; after a star, the page of the first row: its own, or the one that is named.
PAGES = {
    "dashboard": "/",
    "coupons": "/coupons/coupon/",
    "coupon": f"{OVER}*",
    "coupon-gallery": "/coupons/coupon/add/",
    "coupon-new": "/coupons/coupon/add/?template=spend-and-save",
    "coupon-edit": f"{OVER}*edit/",
    "coupon-replace": f"{OVER}*replace/",
    "coupon-methods": f"{OVER}*methods/",
    "coupon-version": f"{OVER}*versions/1/",
    "coupon-life": f"{OVER}*change/#life",
    "coupon-checks": f"{IN_REVIEW}*publish/confirm/",
    "coupon-reviews": f"{IN_REVIEW}*change/#reviews",
    "review-queue": "/coupons/couponinreview/",
    "desk": "/desk/",
    "search": "/search/?q=campaign",
    "settings": "/settings/",
    "codes": "/coupons/code/",
    "code": "/coupons/code/*",
    "codes-export": "/coupons/code/export/",
    "codes-print": f"{OVER}*print/",
    "batches": "/coupons/codebatch/",
    "batch-redemptions": "/redemption/redemptionbatch/",
    "batch-redemption": "/redemption/redemptionbatch/*",
    "batch-redemption-new": "/redemption/redemptionbatch/upload/",
    "batch": "/coupons/codebatch/*",
    "pools": "/coupons/codepool/",
    "pool": "/coupons/codepool/*",
    "pool-reserve": f"{OVER}*reserve/",
    "imports": "/coupons/sheetimport/",
    "import": "/coupons/sheetimport/*",
    "import-new": "/coupons/sheetimport/upload/",
    "jobs": "/coupons/job/",
    "customers": "/campaigns/customer/",
    "products": "/coupons/product/",
    "orders": "/redemption/order/",
    "redemptions": "/redemption/redemption/",
    "redemption": "/redemption/redemption/*",
    "holds": "/redemption/hold/",
    "held": "/redemption/hold/*",
    "refused-attempts": "/redemption/refusedattempt/",
    "refused-attempt": "/redemption/refusedattempt/*",
    "api-keys": "/redemption/apikey/",
    "api-key": "/redemption/apikey/*",
    "api-key-new": "/redemption/apikey/add/",
    "webhooks": "/redemption/webhookendpoint/",
    "webhook": "/redemption/webhookendpoint/*",
    "webhook-new": "/redemption/webhookendpoint/add/",
    "webhook-deliveries": "/redemption/webhookdelivery/",
    "webhook-delivery": "/redemption/webhookdelivery/*",
    "staff": "/coupons/membership/",
    "exchange-rates": "/coupons/exchangerates/",
    "exchange-rates-new": "/coupons/exchangerates/add/",
    "tax-rates": "/coupons/taxrate/",
    "tax-rates-new": "/coupons/taxrate/add/",
    "journal": "/coupons/journalentry/",
    "reconciliation": "/redemption/reconciliation/",
    "reconciliation-check": "/redemption/reconciliation/*",
}
#: Those that the documents show.
DOCUMENTED = (
    "dashboard", "coupons", "coupon", "coupon-gallery", "coupon-new", "coupon-checks",
    "review-queue", "coupon-life", "coupon-methods", "search", "redemptions", "redemption",
    "desk", "batch-redemption", "batch-redemption-new", "import", "import-new", "codes-export",
    "codes-print", "batch", "pools", "code",
)  # fmt: skip
#: Those that need a coupon in review.
ABOUT_REVIEWS = {"coupon-checks", "coupon-reviews", "review-queue"}


def log_in(page: Page, *, url: str, user: str, password: str) -> None:
    """Log in as a person."""
    page.goto(f"{url}/login/")
    page.fill("#id_username", user)
    page.fill("#id_password", password)
    page.press("#id_password", "Enter")
    page.wait_for_url(f"{url}/")


def open_page(page: Page, *, url: str, address: str) -> bool:
    """Open a page, or a page of a list's first row; False where there is none."""
    before, star, named = address.partition("*")
    page.goto(url + before)
    if not star:
        return True
    link = page.locator("#result_list tbody :is(th, td) a").first
    if link.count() == 0:
        return False
    own = link.get_attribute("href") or ""
    answer = page.goto(url + (own.partition("change/")[0] + named if named else own))
    return answer is not None and answer.ok


def have_one_in_review(page: Page, *, url: str) -> None:
    """Write a coupon and submit it, unless one waits already."""
    page.goto(url + IN_REVIEW)
    if page.locator("#result_list tbody tr").count():
        return
    page.goto(f"{url}/coupons/coupon/add/?template=spend-and-save")
    page.fill("#id_name", "Autumn savings 金秋满减")
    page.fill("#id_code", "AUTUMN-SAVINGS")
    page.locator("#coupon_form .hx-submit button").click()
    page.wait_for_url("**/coupons/coupon/*/change/")
    page.goto(page.url.replace("change/", "submit/confirm/"))
    page.fill("#id_reason", "Ready for the weekend. 周末上线，请审核。")
    page.locator("form.hx-card .hx-submit button").click()
    page.wait_for_url("**/coupons/coupon/*/change/")


def settle(page: Page) -> None:
    """Wait until fonts and Alpine have drawn."""
    page.wait_for_load_state("networkidle")
    page.evaluate("document.fonts.ready")


def shoot(*, url: str, user: str, password: str, to: Path, only: set[str]) -> list[Path]:
    """Write a picture of every page and return their paths."""
    to.mkdir(parents=True, exist_ok=True)
    made = []
    with sync_playwright() as playwright:
        browser: Any = playwright.chromium.launch(executable_path=chromium(), args=BROWSER_FLAGS)
        for language, locale in LANGUAGES.items():
            for width, (x, y) in WIDTHS.items():
                context = browser.new_context(locale=locale, viewport={"width": x, "height": y})
                page = context.new_page()
                log_in(page, url=url, user=user, password=password)
                if only & ABOUT_REVIEWS:
                    have_one_in_review(page, url=url)
                for name, address in PAGES.items():
                    if name not in only:
                        continue
                    if open_page(page, url=url, address=address):
                        settle(page)
                        file = to / f"{name}-{language}-{width}.png"
                        page.screenshot(path=file)
                        made.append(file)
                context.close()
        browser.close()
    return made


def kept_password() -> str:
    """Return the password that the demo's people have."""
    file = data_folder(environ=os.environ) / "demo-login.txt"
    if not file.exists():
        raise SystemExit(f"{file} is missing: start `make demo`, or give --user and --password.")
    return file.read_text().strip()


def main() -> None:
    """Read the command line and photograph."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default=f"http://127.0.0.1:{os.environ.get('PORT', '8000')}")
    parser.add_argument("--user", default="owner")
    parser.add_argument("--password", default="")
    parser.add_argument("--to", type=Path, default=Path("docs/images"))
    parser.add_argument("pages", nargs="*", help="only these, or `all`; default: the documents'")
    asked = parser.parse_args()
    for file in shoot(
        url=asked.url.rstrip("/"),
        user=asked.user,
        password=asked.password or kept_password(),
        to=asked.to,
        only=set(PAGES) if asked.pages == ["all"] else set(asked.pages or DOCUMENTED),
    ):
        print(file)


if __name__ == "__main__":
    main()
