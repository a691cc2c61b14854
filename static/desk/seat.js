// Who is at the device: locks a desk at which nothing moves, and keeps the page below as it is.
(function () {
  "use strict";

  var timer = null;

  function lock() { return document.getElementById("lock"); }

  // What is below can be neither read out nor reached while the lock lies over it.
  function settle() {
    var isLocked = lock().childElementCount > 0;
    document.querySelectorAll("body > header, body > main").forEach(function (part) { part.inert = isLocked; });
    lock().classList.toggle("on", isLocked);
    if (isLocked) {
      var field = lock().querySelector("input[type=radio]:checked") ? "#id_pin" : "input[type=radio]";
      var first = lock().querySelector(field);
      if (first) { first.focus(); }
    }
  }

  function stand() {
    var seconds = Number(lock().dataset.idle);
    if (!seconds || lock().childElementCount) { return; }
    clearTimeout(timer);
    timer = setTimeout(function () {
      // What is locked here is locked there too, even if the server does not answer now.
      window.htmx.ajax("POST", lock().dataset.lock, { target: "#lock", swap: "innerHTML", values: {
        csrfmiddlewaretoken: document.querySelector("[name=csrfmiddlewaretoken]").value
      } });
    }, seconds * 1000);
  }

  document.addEventListener("DOMContentLoaded", function () {
    if (!lock()) { return; }
    ["pointerdown", "keydown", "touchstart"].forEach(function (name) {
      document.addEventListener(name, stand, { passive: true });
    });
    new MutationObserver(function () { settle(); stand(); }).observe(lock(), { childList: true });
    stand();
    document.querySelectorAll("[data-print]").forEach(function (button) {
      button.hidden = false;
      button.addEventListener("click", function () { window.print(); });
    });
  });
})();
