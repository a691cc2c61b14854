// Small behaviours of the console's own forms; everything works through plain requests.
(function () {
  "use strict";

  // The library's page has no landmark around what it is about, and its areas that scroll have
  // all the same name. They are made after this.
  document.addEventListener("DOMContentLoaded", function () {
    var main = document.getElementById("main");
    if (!main) { return; }
    main.setAttribute("role", "main");
    var heading = main.querySelector("h1");
    main.querySelectorAll("[data-simplebar]").forEach(function (area) {
      area.dataset.simplebarAriaLabel = heading ? heading.textContent.trim() : document.title;
    });
  });

  document.addEventListener("click", function (event) {
    var add = event.target.closest("[data-add-row]");
    if (add) {
      var rows = add.parentElement.querySelectorAll("[data-row]");
      var copy = rows[rows.length - 1].cloneNode(true);
      copy.querySelectorAll("input").forEach(function (input) {
        if (input.id) {
          input.setAttribute("aria-label", add.textContent);
          input.removeAttribute("id");
        }
        input.value = "";
      });
      add.before(copy);
      copy.querySelector("input").focus();
    }
    var remove = event.target.closest("[data-remove-row]");
    if (remove) {
      var row = remove.closest("[data-row]");
      if (row.parentElement.querySelectorAll("[data-row]").length > 1) {
        row.remove();
      } else {
        row.querySelectorAll("input").forEach(function (input) { input.value = ""; });
      }
    }
    var more = event.target.closest("[data-add-entry]");
    if (more) {
      var list = more.parentElement;
      // Numbers only part the entries; they need not follow each other.
      var next = Math.max.apply(null, [-1].concat(Array.from(list.querySelectorAll("[data-entry] [name]"), function (input) {
        return parseInt(input.name.slice(list.dataset.repeated.length + 1), 10);
      }))) + 1;
      var holder = document.createElement("div");
      holder.innerHTML = list.querySelector("template").innerHTML.replaceAll("__n__", next);
      var entry = holder.firstElementChild;
      more.before(entry);
      entry.querySelector("input").focus();
    }
    var gone = event.target.closest("[data-remove-entry]");
    if (gone) {
      var last = gone.closest("[data-entry]");
      if (last.parentElement.querySelectorAll("[data-entry]").length > 1) {
        last.remove();
      } else {
        last.querySelectorAll("input").forEach(function (input) {
          if (input.type === "checkbox") { input.checked = false; } else { input.value = ""; }
        });
      }
    }
  });

  document.addEventListener("change", function (event) {
    if (event.target.matches("[data-submit-on-change]")) {
      event.target.form.submit();
    }
  });

  document.addEventListener("focusin", function (event) {
    if (event.target.matches("[data-select]")) {
      event.target.select();
    }
  });

  // Select2 names its box after its empty placeholder; the field's label says what it is.
  function nameBoxes() {
    document.querySelectorAll(".select2-selection[aria-labelledby]").forEach(function (box) {
      var select = box.closest(".select2").previousElementSibling;
      var label = select && select.id && document.querySelector('label[for="' + select.id + '"]');
      if (label) {
        box.removeAttribute("aria-labelledby");
        box.setAttribute("aria-label", label.textContent.trim());
        box.querySelectorAll("[role=textbox], [aria-readonly]").forEach(function (inner) {
          inner.removeAttribute("role");
          inner.removeAttribute("aria-readonly");
        });
      }
    });
  }

  document.addEventListener("DOMContentLoaded", function () {
    if (document.querySelector("select.admin-autocomplete")) {
      new MutationObserver(nameBoxes).observe(document.body, { childList: true, subtree: true });
      nameBoxes();
    }
  });

  // A box with `data-offers` is offered what its address finds. Where the entry has a box for
  // the price, the price of what is picked goes there, unless somebody typed another.
  function takeOwnPrice(box) {
    var picked = Array.from(box.list.options).find(function (option) { return option.value === box.value; });
    var entry = box.closest("[data-entry]");
    var price = entry && entry.querySelector("[data-own-price]");
    if (!picked || !price || (price.value !== "" && price.value !== price.dataset.taken)) {
      return;
    }
    if (price.value !== picked.dataset.price) {
      price.value = price.dataset.taken = picked.dataset.price;
      price.dispatchEvent(new Event("input", { bubbles: true }));
    }
  }

  var asking;
  function askForOffers(box) {
    clearTimeout(asking);
    asking = setTimeout(function () {
      fetch(box.dataset.offers + "?q=" + encodeURIComponent(box.value)).then(function (answer) {
        return answer.ok ? answer.text() : "";
      }).then(function (options) {
        box.list.innerHTML = options;
        takeOwnPrice(box);
      });
    }, 150);
  }

  ["focusin", "input"].forEach(function (name) {
    document.addEventListener(name, function (event) {
      if (event.target.matches("input[data-offers]")) {
        takeOwnPrice(event.target);
        askForOffers(event.target);
      }
    });
  });

  // Unfold wants to write a file's name into a text box beside it; ours have none, since the
  // browser shows the name itself.
  document.addEventListener("change", function (event) {
    if (event.target.matches("input.hx-file")) {
      event.stopPropagation();
    }
  }, true);

  // The search over all: what it finds opens below the box; arrows walk through it.
  function showFound(box, open) {
    document.getElementById(box.getAttribute("aria-controls")).hidden = !open;
  }

  document.addEventListener("htmx:afterSwap", function (event) {
    var form = event.detail.target.closest("[data-search]");
    if (form) {
      showFound(form.q, form.q.value.trim() !== "");
    }
  });

  document.addEventListener("keydown", function (event) {
    var box = document.querySelector("[data-search] [name=q]");
    if (box && (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
      event.preventDefault();
      if (box.offsetParent) { box.select(); box.focus(); } else { document.querySelector(".hx-search-link").focus(); }
      return;
    }
    var form = event.target.closest && event.target.closest("[data-search]");
    if (!form) {
      return;
    }
    if (event.key === "Escape") {
      showFound(form.q, false);
      form.q.focus();
    }
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      var stops = [form.q].concat(Array.from(form.querySelectorAll("#search-found a")));
      var next = stops[stops.indexOf(event.target) + (event.key === "ArrowDown" ? 1 : -1)];
      if (next && !document.getElementById("search-found").hidden) {
        event.preventDefault();
        next.focus();
      }
    }
  });

  document.addEventListener("focusout", function (event) {
    var form = event.target.closest && event.target.closest("[data-search]");
    if (form && event.relatedTarget && !form.contains(event.relatedTarget)) {
      showFound(form.q, false);
    }
  });

  document.addEventListener("click", function (event) {
    document.querySelectorAll("[data-search]").forEach(function (form) {
      if (!form.contains(event.target)) { showFound(form.q, false); }
    });
  });
})();
