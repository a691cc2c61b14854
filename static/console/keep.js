// Forms with `data-keep` lose nothing that is typed: it is kept in this browser tab, by person
// and page, and put back after a log-in, a crash or a wrong turn. Codes and passwords are not.
(function () {
  "use strict";

  var PREFIX = "hexiao-kept:";
  var SENT = "hexiao-sent";
  var timer = null;

  function read(key) {
    try { return JSON.parse(sessionStorage.getItem(key)); } catch (_) { return null; }
  }

  function write(key, value) {
    try { sessionStorage.setItem(key, JSON.stringify(value)); } catch (_) { /* full, or forbidden */ }
  }

  function forget(key) {
    try { sessionStorage.removeItem(key); } catch (_) { /* forbidden */ }
  }

  function isKept(field) {
    return field.name && field.type !== "password" && field.type !== "file" && field.name !== "csrfmiddlewaretoken" &&
      !("unkept" in field.dataset) && !field.matches(":disabled");
  }

  function typed(form) {
    return Array.from(form.elements).filter(isKept).filter(function (field) {
      return !/^(checkbox|radio)$/.test(field.type) || field.checked;
    }).filter(function (field) { return !/^(button|submit)$/.test(field.type); }).map(function (field) {
      return [field.name, field.value];
    });
  }

  function tell(field) {
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.dispatchEvent(new Event("change", { bubbles: true }));
  }

  // As many entries and rows as there were.
  function makeRoom(form, kept) {
    form.querySelectorAll("[data-repeated]").forEach(function (list) {
      var start = list.dataset.repeated + "-";
      var numbers = new Set();
      kept.forEach(function (pair) {
        if (pair[0].indexOf(start) === 0) { numbers.add(parseInt(pair[0].slice(start.length), 10)); }
      });
      if (!numbers.size) { return; }
      list.querySelectorAll("[data-entry]").forEach(function (entry) { entry.remove(); });
      Array.from(numbers).sort(function (a, b) { return a - b; }).forEach(function (n) {
        var holder = document.createElement("div");
        holder.innerHTML = list.querySelector("template").innerHTML.replaceAll("__n__", n);
        list.querySelector("[data-add-entry]").before(holder.firstElementChild);
      });
    });
    form.querySelectorAll("[data-rows]").forEach(function (rows) {
      var name = rows.querySelector(".hx-amount").name;
      var wanted = kept.filter(function (pair) { return pair[0] === name; }).length;
      for (var n = rows.querySelectorAll("[data-row]").length; n < wanted; n += 1) {
        rows.querySelector("[data-add-row]").click();
      }
    });
  }

  function restore(form, kept) {
    makeRoom(form, kept);
    var values = new Map();
    kept.forEach(function (pair) {
      values.set(pair[0], (values.get(pair[0]) || []).concat([pair[1]]));
    });
    Array.from(form.elements).filter(isKept).forEach(function (field) {
      var mine = values.get(field.name) || [];
      if (field.type === "checkbox" || field.type === "radio") {
        var checked = mine.indexOf(field.value) !== -1;
        if (field.checked !== checked) { field.checked = checked; tell(field); }
      } else if (mine.length && field.type !== "submit") {
        var value = mine.shift();
        if (field.value !== value) { field.value = value; tell(field); }
      }
    });
    // What is restored must be seen.
    form.querySelectorAll("details").forEach(function (folded) {
      folded.open = folded.open || Array.from(folded.querySelectorAll("input, textarea, select")).some(function (field) {
        return field.value !== field.defaultValue && field.defaultValue !== undefined && field.type !== "radio";
      });
    });
  }

  function follow(form, key) {
    function keep() {
      clearTimeout(timer);
      write(key, { at: Date.now(), typed: typed(form) });
    }
    ["input", "change"].forEach(function (name) {
      form.addEventListener(name, function () {
        clearTimeout(timer);
        timer = setTimeout(keep, 300);
      });
    });
    form.addEventListener("click", function (event) {
      if (event.target.closest("[data-remove-entry], [data-remove-row], [data-add-entry], [data-add-row]")) {
        clearTimeout(timer);
        timer = setTimeout(keep, 300);
      }
    });
    form.addEventListener("submit", function () {
      keep();
      write(SENT, key);
    });
    document.querySelectorAll("[data-discard-kept]").forEach(function (link) {
      link.addEventListener("click", function () { clearTimeout(timer); forget(key); forget(SENT); });
    });
  }

  function showNotice(key, at) {
    var notice = document.querySelector("[data-kept]");
    if (!notice) { return; }
    var time = new Date(at).toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit", hour12: false });
    var text = notice.querySelector("[data-kept-text]");
    text.textContent = text.textContent.replace("{time}", time);
    notice.hidden = false;
    notice.querySelector("[data-kept-drop]").addEventListener("click", function () {
      clearTimeout(timer);
      forget(key);
      location.reload();
    });
  }

  document.addEventListener("DOMContentLoaded", function () {
    var form = document.querySelector("form[data-keep]");
    var key = form && PREFIX + form.dataset.keep;
    var sent = read(SENT);
    var waits = document.querySelector("#login-form, [data-keep-wait]");
    if (sent && !waits) {
      // The form was sent and led elsewhere: it is done. Back at the form, it is not.
      if (sent !== key) { forget(sent); }
      forget(SENT);
    }
    if (!form) { return; }
    var kept = read(key);
    if (kept && !("keepHolds" in form.dataset)) {
      // After the others have made their fields: the pickers, Alpine.
      setTimeout(function () {
        if (JSON.stringify(kept.typed) === JSON.stringify(typed(form))) { return; }
        restore(form, kept.typed);
        showNotice(key, kept.at);
      }, 0);
    }
    follow(form, key);
  });
})();
