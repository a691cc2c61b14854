"""The life of a coupon in Chromium: three people, four eyes, both languages, desk and phone."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from coupons import changing, jobs, lifecycle
from coupons.models import Code, Coupon, Job, Merchant, Replacement, Role, State
from tests.browser.looks import SIZES, VISITS, barriers, fits
from tests.definitions import MINIMAL
from tests.people import person
from tests.shop import NOW

pytestmark = pytest.mark.django_db(transaction=True)

LOCALES = ("en-GB", "zh-CN")
#: What the pages say, in the order of the locales.
WORDS = {
    # The steps, as their buttons call them.
    "submit": ("Submit for review", "提交审核"),
    "approve": ("Approve", "通过"),
    "refuse": ("Refuse", "不通过"),
    "publish": ("Publish", "发布"),
    "test": ("Test", "测试"),
    "withdraw": ("Back to draft", "撤回为草稿"),
    "pause": ("Pause", "暂停"),
    "resume": ("Resume", "恢复"),
    "end": ("End", "结束"),
    "change": ("Change", "修改"),
    "replace": ("Replace", "替换"),
    # The states, as their badges call them.
    "DRAFT": ("Draft", "草稿"),
    "IN_REVIEW": ("In review", "审核中"),
    "APPROVED": ("Approved", "已通过"),
    "LIVE": ("Live", "生效中"),
    "PAUSED": ("Paused", "已暂停"),
    "ENDED": ("Ended early", "提前结束"),
    # What the time line tells.
    "issued": ("New codes issued: 20", "发放券码: 20"),
    "created": ("Coupon created", "创建优惠券"),
    "changed": ("Coupon changed", "修改优惠券"),
    "submitted": ("Coupon submitted for review", "优惠券提交审核"),
    "refused": ("Coupon refused", "优惠券审核未通过"),
    "approved": ("Coupon approved", "优惠券已审核通过"),
    "published": ("Coupon published", "发布优惠券"),
    "paused": ("Coupon paused", "暂停优惠券"),
    "resumed": ("Coupon resumed", "恢复优惠券"),
    "ended": ("Coupon ended", "提前结束优惠券"),
    "replaced": ("Coupon replaced: by spring-2", "优惠券已被替换: 由 spring-2 替换"),
    "moved": (
        "Codes moved: 20 from spring to spring-2",
        "券码已移动: 20 个，从 spring 移到 spring-2",
    ),
    # The rest.
    "template": ("Spend more, save an amount", "满减"),
    "to_review": ("To review", "待审核"),
    "save_draft": ("Save as draft", "存为草稿"),
    "save": ("Save", "保存"),
    "open_draft": ("Open the draft", "打开草稿"),
    "complete": ("Nothing is missing; it can be saved.", "内容已齐全，可以保存。"),
    "another": ("Another person has to approve this coupon.", "该优惠券须由另一人审核。"),
    "all_ticks": ("Not published: accept each warning", "尚未发布：请接受每一条提醒"),
    "checks": ("Before publishing", "发布前检查"),
    "no_end": ("It has no end", "没有结束时间"),
    "takes_place": ("Takes the place of", "替换自"),
    "replaced_by": ("Replaced by", "已被替换为"),
}
STEPS = (
    "submit", "approve", "refuse", "publish", "test", "withdraw", "pause", "resume", "end",
    "change", "replace",
)  # fmt: skip


@dataclass
class Visitor:
    """Somebody at the console, in a browser of a language and a size."""

    name: str
    page: Any
    say: dict[str, str]

    def button(self, step: str) -> Any:
        """Find a step's button on the coupon's page."""
        bar = self.page.locator(".hx-bar .hx-actions")
        return bar.get_by_role("link", name=self.say[step], exact=True)

    def opens(self, coupon: Coupon, *steps: str) -> None:
        """Open a coupon's page, which fits and offers these steps."""
        self.page.goto(f"/coupons/coupon/{coupon.pk}/change/")
        assert fits(self.page)
        self.sees(*steps)

    def sees(self, *steps: str) -> None:
        """Look at the coupon's page: these steps are offered, and no other."""
        assert {step for step in STEPS if self.button(step).count()} == set(steps)

    def begin(self, step: str) -> None:
        """Press a step's button and read what it will do."""
        self.button(step).click()
        expect(self.page.locator("form.hx-card h2")).to_contain_text(self.say[step])
        assert fits(self.page)

    def confirm(self, step: str) -> None:
        """Take the step that was begun."""
        self.page.get_by_role("button", name=self.say[step], exact=True).click()
        self.page.wait_for_url(re.compile(r"/coupons/coupon/\d+/change/"))

    def take(self, step: str, *, why: str) -> None:
        """Take a step from the coupon's page, saying why."""
        self.begin(step)
        self.page.fill("#id_reason", why)
        self.confirm(step)

    def confirm_ticking(self) -> int:
        """Publish, ticking each warning on the page; return how many there were."""
        ticks = self.page.get_by_role("checkbox").all()
        for warning in ticks:
            warning.check()
        self.confirm("publish")
        return len(ticks)

    def finds(self, coupon: Coupon, state: State, *newest: tuple[str, str, str]) -> None:
        """Read the badge, and the newest of the time line: what, who and why."""
        expect(self.page.locator(".hx-bar .hx-badge")).to_have_text(self.say[state.name])
        assert Coupon.objects.get(pk=coupon.pk).state == state
        moments = self.page.locator(".hx-life > li")
        for n, (what, who, why) in enumerate(newest):
            moment = moments.nth(n)
            expect(moment.locator(".hx-life-head strong")).to_have_text(self.say[what])
            expect(moment.locator(".hx-life-by")).to_have_text(re.compile(rf" · {who}\s*$"))
            assert moment.locator("blockquote").all_inner_texts() == ([why] if why else [])


@pytest.fixture
def shop() -> Merchant:
    """Have a shop that wants four eyes."""
    return Merchant.objects.create(slug="acme", name="Acme", currency="USD", reviews_required=True)


#: Of the grid of languages and sizes, what the pages by themselves (`VISITS`) leave over.
WALKS = [("en-GB", "desk"), ("zh-CN", "phone")]


@pytest.fixture(params=WALKS, ids="-".join)
def enter(
    request: pytest.FixtureRequest, browser: Any, live_server: Any, shop: Merchant
) -> Iterator[Callable[[str, Role], Visitor]]:
    """Let people in, each in a browser of their own; whatever a page complains of fails."""
    locale, size = request.param
    place = LOCALES.index(locale)
    complaints: list[str] = []
    contexts = []

    def entered(name: str, role: Role) -> Visitor:
        cookie = person(name, shop, role).client.cookies["hexiao_session"].value
        context = browser.new_context(
            locale=locale,
            viewport=SIZES[size],
            base_url=live_server.url,
            has_touch=size == "phone",
        )
        contexts.append(context)
        context.set_default_timeout(15_000)
        context.add_cookies([{"name": "hexiao_session", "value": cookie, "url": live_server.url}])
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
        return Visitor(name, page, {key: texts[place] for key, texts in WORDS.items()})

    yield entered
    for context in contexts:
        context.close()
    assert complaints == []


def write(operator: Visitor) -> Coupon:
    """Write a coupon with 20 codes from a template, watching its preview."""
    page, say = operator.page, operator.say
    page.goto("/coupons/coupon/add/")
    page.locator(".hx-offer").filter(has=page.get_by_text(say["template"], exact=True)).click()
    summary = page.locator("#hx-preview-title")
    if not page.locator("#hx-previewed").is_visible():
        summary.click()
    headline = page.locator("#hx-previewed .hx-coupon-headline").first
    expect(headline).to_contain_text("6")
    page.fill("#id_name", "Spring")
    page.fill("#id_value_0", "8")
    expect(headline).to_contain_text("8")
    expect(page.locator("#hx-previewed .hx-coupon-name").first).to_have_text("Spring")
    page.check("input[name=codes][value=unique]")
    page.fill("#id_count", "20")
    expect(page.locator("#hx-previewed")).to_contain_text(say["complete"])
    assert fits(page)
    page.get_by_role("button", name=say["save_draft"]).click()
    page.wait_for_url(re.compile(r"/coupons/coupon/\d+/change/"))
    while jobs.work_on(job_id=Job.objects.get().pk, at=NOW):
        pass
    return Coupon.objects.get()


def refused_and_changed(operator: Visitor, reviewer: Visitor, coupon: Coupon) -> None:
    """Find it in the queue, refuse it for a reason, and see it changed and handed in again."""
    page = reviewer.page
    page.goto("/")
    menu = page.locator("#nav-sidebar-apps a", has_text=reviewer.say["to_review"])
    page.goto(menu.get_attribute("href"))
    row = page.locator("#result_list tbody tr")
    expect(row).to_contain_text("olga")
    expect(row).to_contain_text("Out on Friday.")
    row.get_by_role("link", name="Spring").click()
    page.wait_for_url(re.compile(r"/coupons/coupon/\d+/change/"))
    expect(page.locator("#reviews .hx-said")).to_have_text("Out on Friday.")
    checks = page.locator("details.hx-folded", has_text=reviewer.say["checks"])
    checks.locator("summary").click()
    expect(checks.get_by_role("listitem").filter(has_text=reviewer.say["no_end"])).to_be_visible()
    reviewer.sees("approve", "refuse")
    # Without a reason nothing happens.
    reviewer.begin("refuse")
    page.get_by_role("button", name=reviewer.say["refuse"], exact=True).click()
    expect(page.locator("#id_reason_error")).to_be_visible()
    assert Coupon.objects.get().state == State.IN_REVIEW
    page.fill("#id_reason", "8 is too much.")
    reviewer.confirm("refuse")
    reviewer.finds(coupon, State.DRAFT, ("refused", "rita", "8 is too much."))
    reviewer.sees()

    operator.opens(coupon, "submit", "test", "change")
    expect(operator.page.locator("#reviews .hx-said").last).to_have_text("8 is too much.")
    operator.button("change").click()
    if not operator.page.locator("#hx-previewed").is_visible():
        operator.page.locator("#hx-preview-title").click()
    operator.page.fill("#id_value_0", "7")
    previewed = operator.page.locator("#hx-previewed")
    expect(previewed.locator(".hx-coupon-headline").first).to_contain_text("7")
    expect(previewed).to_contain_text(operator.say["complete"])
    operator.page.get_by_role("button", name=operator.say["save"], exact=True).click()
    operator.page.wait_for_url(re.compile(r"/coupons/coupon/\d+/change/"))
    operator.take("submit", why="7 now.")
    operator.finds(
        coupon, State.IN_REVIEW, ("submitted", "olga", "7 now."), ("changed", "olga", "")
    )


def paused_and_resumed(
    owner: Visitor, operator: Visitor, reviewer: Visitor, coupon: Coupon
) -> None:
    """Pause it for a reason and let it go on; the reviewer may only do the latter."""
    reviewer.opens(coupon)
    owner.sees("pause", "end", "change", "replace")
    owner.take("pause", why="The site is down.")
    owner.finds(coupon, State.PAUSED, ("paused", "alice", "The site is down."))
    reviewer.opens(coupon, "resume")
    owner.sees("resume", "end", "change", "replace")
    owner.take("resume", why="Up again.")
    owner.finds(coupon, State.LIVE, ("resumed", "alice", "Up again."))
    operator.opens(coupon, "pause", "end", "change", "replace")


def replaced(owner: Visitor, reviewer: Visitor, old: Coupon) -> Coupon:
    """Replace it, which a reviewer approves too, and move its stock."""
    owner.button("replace").click()
    expect(owner.page.locator("#id_slug")).to_have_value("spring-2")
    assert owner.page.locator("#id_moves_codes").is_checked()
    assert fits(owner.page)
    owner.page.get_by_role("button", name=owner.say["open_draft"]).click()
    owner.page.fill("#id_value_0", "9")
    owner.page.get_by_role("button", name=owner.say["save"], exact=True).click()
    owner.page.wait_for_url(re.compile(r"/coupons/coupon/\d+/change/"))
    new = Coupon.objects.get(slug="spring-2")
    expect(owner.page.locator(".hx-kin")).to_contain_text(owner.say["takes_place"])
    owner.take("submit", why="9 sells.")
    reviewer.opens(new, "approve", "refuse")
    reviewer.take("approve", why="So be it.")
    assert Coupon.objects.get(pk=old.pk).state == State.LIVE
    owner.opens(new, "publish", "withdraw", "change")
    owner.begin("publish")
    owner.confirm_ticking()
    moved = Replacement.objects.get().job
    assert moved is not None
    while jobs.work_on(job_id=moved.pk, at=timezone.now()):
        pass
    owner.opens(old)
    owner.finds(
        old,
        State.ENDED,
        ("moved", "alice", ""),
        ("replaced", "alice", ""),
        ("ended", "alice", ""),
    )
    expect(owner.page.locator(".hx-kin")).to_contain_text(owner.say["replaced_by"])
    assert Code.objects.filter(coupon=new).count() == 20
    return new


def test_a_coupon_goes_through_its_life_between_three_people(
    enter: Callable[[str, Role], Visitor],
) -> None:
    operator, reviewer = enter("olga", Role.OPERATOR), enter("rita", Role.REVIEWER)
    owner = enter("alice", Role.OWNER)
    coupon = write(operator)
    operator.sees("submit", "test", "change")
    operator.finds(coupon, State.DRAFT, ("issued", "olga", ""), ("created", "olga", ""))
    reviewer.opens(coupon)
    operator.take("submit", why="Out on Friday.")
    operator.finds(coupon, State.IN_REVIEW, ("submitted", "olga", "Out on Friday."))
    refused_and_changed(operator, reviewer, coupon)

    # Who wrote it is told that another has to approve it.
    operator.take("approve", why="It is mine.")
    expect(operator.page.locator("body")).to_contain_text(operator.say["another"])
    operator.finds(coupon, State.IN_REVIEW, ("submitted", "olga", "7 now."))
    reviewer.opens(coupon, "approve", "refuse")
    reviewer.take("approve", why="Good.")
    reviewer.finds(coupon, State.APPROVED, ("approved", "rita", "Good."))

    owner.opens(coupon, "publish", "withdraw", "change")
    owner.begin("publish")
    owner.page.get_by_role("button", name=owner.say["publish"], exact=True).click()
    expect(owner.page.get_by_role("alert")).to_contain_text(owner.say["all_ticks"])
    assert Coupon.objects.get().state == State.APPROVED
    owner.page.get_by_role("checkbox").first.wait_for()
    assert owner.confirm_ticking() > 0
    owner.finds(coupon, State.LIVE, ("published", "alice", ""), ("approved", "rita", "Good."))
    expect(owner.page.locator(".hx-life > li").first.locator("summary")).to_be_visible()

    paused_and_resumed(owner, operator, reviewer, coupon)
    new = replaced(owner, reviewer, coupon)
    owner.opens(new, "pause", "end", "change", "replace")
    owner.take("end", why="Sold out.")
    owner.finds(new, State.ENDED, ("ended", "alice", "Sold out."))
    operator.opens(new, "replace")
    reviewer.opens(new)
    for visitor in (operator, reviewer):
        visitor.finds(new, State.ENDED, ("ended", "alice", "Sold out."))


#: Pages that a life meets, by the person who opens them; in braces, which coupon.
PAGES = {
    "olga": (
        "/coupons/coupon/add/",
        "/coupons/coupon/add/?template=spend-and-save",
        "/coupons/coupon/{live}/edit/",
        "/coupons/coupon/{live}/replace/",
        "/coupons/coupon/{live}/methods/",
    ),
    "rita": (
        "/coupons/couponinreview/",
        "/coupons/coupon/{queued}/change/",
        "/coupons/coupon/{queued}/refuse/confirm/",
    ),
    "alice": (
        "/coupons/coupon/{approved}/publish/confirm/",
        "/coupons/coupon/{live}/change/",
        "/coupons/coupon/{live}/versions/2/",
        "/search/",
        "/settings/",
    ),
}


@pytest.fixture
def coupons(shop: Merchant) -> dict[str, int]:
    """Have a coupon in review, an approved one, and one that is out and was changed."""
    made = {
        name: changing.create(
            merchant=shop,
            body=MINIMAL | {"slug": name, "name": name.title(), "code": name},
            by="staff:olga",
            at=NOW,
        )
        for name in ("queued", "approved", "live")
    }
    for coupon in made.values():
        lifecycle.submit(coupon=coupon, by="staff:olga", at=NOW, reason="Please look.")
    for name in ("approved", "live"):
        lifecycle.approve(coupon=made[name], by="staff:rita", at=NOW, reason="Good.")
    lifecycle.publish(coupon=made["live"], by="staff:alice", at=NOW)
    changing.change(coupon=made["live"], body={"name": "Living"}, by="staff:olga", at=NOW)
    return {name: coupon.pk for name, coupon in made.items()}


@pytest.mark.parametrize("enter", VISITS, indirect=True, ids="-".join)
def test_the_pages_of_a_life_have_no_barrier(
    enter: Callable[[str, Role], Visitor], coupons: dict[str, int]
) -> None:
    found = []
    roles = {"olga": Role.OPERATOR, "rita": Role.REVIEWER, "alice": Role.OWNER}
    for name, addresses in PAGES.items():
        page = enter(name, roles[name]).page
        for address in addresses:
            answer = page.goto(address.format(**coupons))
            assert answer.status == 200, address
            if page.locator("#hx-previewed").count():
                page.wait_for_selector("#hx-previewed .hx-coupon", state="attached")
            for folded in page.locator(
                "main details:not([open]), .hx-page details:not([open])"
            ).all():
                folded.locator("summary").first.click()
            assert fits(page), address
            found += [f"{address} {each}" for each in barriers(page)]
    assert found == []
