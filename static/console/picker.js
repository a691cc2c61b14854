// A field of many entries with `data-picker`: chips of what is chosen, and a search box.
// The text area stays the field that is sent; it is shown again as “Edit as a list”.
(function () {
  "use strict";

  var SHOWN = 100; // chips drawn at most; a longer list is counted
  var NAMED = 50; // names asked for in one call
  var numbered = 0;

  function make(tag, attributes, text) {
    var made = document.createElement(tag);
    Object.keys(attributes || {}).forEach(function (name) { made.setAttribute(name, attributes[name]); });
    if (text !== undefined) { made.textContent = text; }
    return made;
  }

  function offersAt(address) {
    return fetch(address, { headers: { "X-Requested-With": "XMLHttpRequest" } }).then(function (answer) {
      // A log-in page is no answer.
      return answer.ok && !answer.redirected ? answer.text() : "";
    }).catch(function () { return ""; }).then(function (text) {
      var holder = document.createElement("template");
      holder.innerHTML = text;
      return Array.from(holder.content.querySelectorAll("option"), function (option) {
        return { value: option.getAttribute("value"), label: option.getAttribute("label") };
      });
    });
  }

  function Picker(area) {
    var words = JSON.parse(area.dataset.words);
    var address = area.dataset.picker;
    var commas = address.indexOf("/category/") === -1;
    var labels = new Map(); // value → what is said of it; null: not in the catalogue
    var id = "hx-picker-" + (numbered += 1);
    var fixed = area.matches(":disabled");
    var label = document.querySelector('label[for="' + area.id + '"]');
    var options = [];
    var active = -1;
    var waiting = null;
    var asked = 0;
    var entering = false;

    var box = make("div", { class: "hx-picker" });
    var chips = make("ul", { class: "hx-chips", "aria-label": (label ? label.textContent.trim() + ": " : "") + words.chosen });
    var search = make("input", {
      type: "search", id: id, class: area.className, role: "combobox", autocomplete: "off",
      "aria-expanded": "false", "aria-controls": id + "-list", "aria-autocomplete": "list", placeholder: words.search,
    });
    search.classList.remove("max-w-4xl");
    var list = make("ul", { class: "hx-options", role: "listbox", id: id + "-list", "aria-label": words.search });
    var told = make("p", { class: "sr-only", role: "status" });
    var swap = make("button", { type: "button", class: "hx-link" }, words.asList);
    list.hidden = true;

    function values() {
      var parts = area.value.split(commas ? /[\n,，、;；]+/ : /\n+/);
      return Array.from(new Set(parts.map(function (part) { return part.trim(); }).filter(Boolean)));
    }

    function write(chosen) {
      area.value = chosen.join("\n");
      area.dispatchEvent(new Event("input", { bubbles: true }));
      area.dispatchEvent(new Event("change", { bubbles: true }));
    }

    function chip(value) {
      var item = make("li", { "data-value": value });
      var text = make("span");
      text.append(make("strong", {}, value));
      if (labels.get(value)) { text.append(" ", make("small", {}, labels.get(value))); }
      if (labels.get(value) === null) { text.append(" ", make("small", {}, words.unknown)); }
      item.append(text);
      if (!fixed) {
        var remove = make("button", { type: "button", class: "hx-icon", "aria-label": words.remove.replace("%s", value) });
        remove.append(make("span", { class: "material-symbols-outlined", "aria-hidden": "true" }, "close"));
        remove.addEventListener("click", function () {
          write(values().filter(function (each) { return each !== value; }));
          told.textContent = words.removed.replace("%s", value);
          search.focus();
        });
        item.append(remove);
      }
      return item;
    }

    function draw() {
      var chosen = values();
      chips.replaceChildren.apply(chips, chosen.slice(0, SHOWN).map(chip));
      if (chosen.length > SHOWN) {
        chips.append(make("li", {}, words.rest.replace("%s", chosen.length - SHOWN)));
      }
      if (chosen.length > 1 && !fixed) {
        var all = make("button", { type: "button", class: "hx-link" }, words.removeAll);
        all.addEventListener("click", function () { write([]); search.focus(); });
        chips.append(make("li", { class: "hx-all" }));
        chips.lastChild.append(all);
      }
      chips.hidden = chosen.length === 0;
      name(chosen.slice(0, SHOWN).filter(function (value) { return !labels.has(value); }));
    }

    function name(unnamed) {
      for (var start = 0; start < unnamed.length; start += NAMED) {
        nameSome(unnamed.slice(start, start + NAMED));
      }
    }

    function nameSome(some) {
      some.forEach(function (value) { labels.set(value, ""); });
      var query = some.map(function (value) { return "one=" + encodeURIComponent(value); }).join("&");
      offersAt(address + "?" + query).then(function (found) {
        some.forEach(function (value) { labels.set(value, null); });
        found.forEach(function (each) { labels.set(each.value, each.label); });
        draw();
      });
    }

    function add(entries) {
      var before = values();
      var fresh = entries.map(function (each) { return each.trim(); }).filter(Boolean);
      write(before.concat(fresh));
      told.textContent = words.added.replace("%s", fresh.length === 1 ? fresh[0] : fresh.length);
      search.value = "";
      close();
    }

    function close() {
      clearTimeout(waiting);
      asked += 1;
      options = [];
      active = -1;
      entering = false;
      list.hidden = true;
      search.setAttribute("aria-expanded", "false");
      search.removeAttribute("aria-activedescendant");
    }

    function mark(place) {
      active = place;
      Array.from(list.children).forEach(function (item, n) {
        item.setAttribute("aria-selected", n === place ? "true" : "false");
        if (n === place) {
          search.setAttribute("aria-activedescendant", item.id);
          item.scrollIntoView({ block: "nearest" });
        }
      });
    }

    function offer(found, typed) {
      options = found;
      found.forEach(function (each) { labels.set(each.value, each.label); });
      var items = found.map(function (each, n) {
        var item = make("li", { role: "option", id: id + "-" + n, "data-value": each.value });
        item.append(make("strong", {}, each.value), " ", make("small", {}, each.label));
        return item;
      });
      if (!found.length && typed) {
        options = [{ value: typed, label: "" }];
        items = [make("li", { role: "option", id: id + "-0", "data-value": typed }, words.none + " " + words.asIs.replace("%s", typed))];
      }
      list.replaceChildren.apply(list, items);
      list.hidden = items.length === 0;
      search.setAttribute("aria-expanded", items.length ? "true" : "false");
      told.textContent = found.length ? words.found.replace("%s", found.length) : words.none;
      if (items.length) { mark(0); }
      if (entering && items.length) { add([options[0].value]); }
    }

    function ask(delay) {
      clearTimeout(waiting);
      var turn = (asked += 1);
      waiting = setTimeout(function () {
        var typed = search.value.trim();
        offersAt(address + "?q=" + encodeURIComponent(typed)).then(function (found) {
          if (turn === asked && document.activeElement === search) { offer(found, typed); }
        });
      }, delay);
    }

    search.addEventListener("input", function (event) { event.stopPropagation(); entering = false; options = []; if (search.value) { ask(150); } else { close(); } });
    search.addEventListener("focus", function () { if (search.value) { ask(0); } });
    search.addEventListener("blur", function () {
      var exact = options.find(function (each) { return each.value === search.value.trim(); });
      if (exact) { add([exact.value]); } else { close(); }
    });
    search.addEventListener("keydown", function (event) {
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        if (list.hidden) { ask(0); return; }
        mark((active + (event.key === "ArrowDown" ? 1 : options.length - 1)) % options.length);
      } else if (event.key === "Enter") {
        event.preventDefault();
        if (!search.value.trim() && list.hidden) { return; }
        if (options[active]) { add([options[active].value]); } else { entering = true; }
      } else if (event.key === "Escape" && !list.hidden) {
        event.preventDefault();
        close();
      } else if (event.key === "Backspace" && !search.value && values().length) {
        write(values().slice(0, -1));
      }
    });
    search.addEventListener("paste", function (event) {
      var text = (event.clipboardData || window.clipboardData).getData("text");
      var parts = text.split(commas ? /[\n\t,，、;；]+/ : /\n+/).filter(function (part) { return part.trim(); });
      if (parts.length > 1) { event.preventDefault(); add(parts); }
    });
    // Before the box loses the focus, which would close the list.
    list.addEventListener("mousedown", function (event) { event.preventDefault(); });
    list.addEventListener("click", function (event) {
      var item = event.target.closest("[data-value]");
      if (item) { add([item.dataset.value]); search.focus(); }
    });
    swap.addEventListener("click", function () { show(area.hidden); });
    area.addEventListener("change", draw);

    function show(asList) {
      area.hidden = !asList;
      chips.hidden = asList || values().length === 0;
      search.hidden = asList;
      swap.textContent = asList ? words.asChips : words.asList;
      if (label) { label.htmlFor = asList ? area.id : id; }
      if (!asList) { draw(); }
    }

    search.setAttribute("aria-describedby", area.id + "_helptext");
    box.append(chips);
    if (!fixed) {
      var holder = make("div", { class: "hx-searching" });
      holder.append(search, list);
      box.append(holder, told, swap);
    }
    area.before(box);
    box.append(area);
    show(false);
  }

  document.addEventListener("DOMContentLoaded", function () {
    document.querySelectorAll("textarea[data-picker]").forEach(Picker);
  });
})();
