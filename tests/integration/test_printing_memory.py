"""A file of 10,000 vouchers is written and joined in little memory."""

import subprocess
import sys

from tests.architecture.source import ROOT

MOST_MB = 150

PROGRAM = """
import io, sys, tempfile
from django.conf import settings
settings.configure(MEDIA_ROOT=tempfile.mkdtemp(), USE_I18N=False)
from coupons import parts
from coupons.printing import drawing, joining
from coupons.printing.layouts import LAYOUTS

words = drawing.Words(
    shop="Acme", headline="满200元减30元", name="Spring 春季大促券", terms="Once. " * 20,
    code_label="Code", scan_label="Scan", color="#0f6b78",
)
def content(number):
    links = [f"https://coupons.example.com/c/acme#SPRING{number:02}{n:04}" for n in range(500)]
    vouchers = [drawing.Voucher(code=link[-12:], link=link, validity="") for link in links]
    file = io.BytesIO()
    drawing.write(to=file, layout=LAYOUTS["a4-cards"], words=words, vouchers=vouchers)
    return file.getvalue()

# Parts do not know of each other: four stand for the twenty in how they are drawn.
drawn = [content(number) for number in range(4)]
for number in range(20):
    parts.keep(of="one", number=number, content=drawn[number % 4])
with joining.joined(of="one", count=20) as file:
    import pypdfium2
    document = pypdfium2.PdfDocument(file.read())
    # Its own: what getrusage tells begins with the memory of the process it was forked from.
    told = open("/proc/self/status").read().partition("VmHWM:")[2].split()[0]
    print(len(document), int(told) // 1024)
    document.close()
"""


def test_ten_thousand_vouchers_take_little_memory() -> None:
    said = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, check=True
    )
    pages, megabytes = map(int, said.stdout.split())
    assert pages == 1_000
    assert megabytes < MOST_MB
