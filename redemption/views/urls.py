"""The desk's addresses. No code, order or customer stands in any of them."""

from django.urls import path

from redemption.views import app, day, desk, proof, seat

app_name = "desk"

urlpatterns = [
    path("", desk.DeskPage.as_view(), name="desk"),
    path("check/", desk.CheckPage.as_view(), name="check"),
    path("read/", desk.ReadPage.as_view(), name="read"),
    path("redeem/", desk.RedeemPage.as_view(), name="redeem"),
    path("redeemed/<uuid:pk>/", desk.RedeemedPage.as_view(), name="redeemed"),
    path("undo/<uuid:pk>/", desk.UndoPage.as_view(), name="undo"),
    path("find/", desk.FindPage.as_view(), name="find"),
    path("proof/", proof.SendPage.as_view(), name="proof"),
    path("day/", day.DayPage.as_view(), name="day"),
    path("day/sheet/", day.SheetPage.as_view(), name="day_sheet"),
    # Who is at the device
    path("lock/", seat.LockPage.as_view(), name="lock"),
    path("unlock/", seat.UnlockPage.as_view(), name="unlock"),
    path("close/", seat.ClosePage.as_view(), name="close"),
    path("pin/", seat.PinPage.as_view(), name="pin"),
    # What a browser keeps, for the home screen
    path("app.webmanifest", app.manifest, name="manifest"),
    path("worker.js", app.worker, name="worker"),
    path("offline/", app.offline, name="offline"),
]
