// Small behaviours of the console's own forms; everything works through plain requests.
(function () {
  "use strict";

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

  document.addEventListener("input", function (event) {
    if (!event.target.matches("[data-filter]")) {
      return;
    }
    var wanted = event.target.value.trim().toLowerCase();
    var list = event.target.closest("[data-filterable]");
    list.querySelectorAll(".hx-choices > div > div").forEach(function (choice) {
      choice.hidden = wanted !== "" && !choice.textContent.toLowerCase().includes(wanted);
    });
  });
})();
