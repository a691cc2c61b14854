// The page of one code. The code stands behind the address's #, which is never sent with an
// address: it goes in a body, and the answer takes the place of what stood there. Without this
// script the form does the same with whole pages.
(function () {
  "use strict";

  function written() {
    try {
      return decodeURIComponent(location.hash.slice(1));
    } catch (error) {
      return "";
    }
  }

  function ask(language) {
    const field = document.getElementById("code");
    const body = new URLSearchParams({ code: field.value });
    if (language) body.set("language", language);
    const answer = document.getElementById("answer");
    answer.setAttribute("aria-busy", "true");
    fetch(field.form.getAttribute("action"), { method: "POST", body: body })
      .then(function (response) { return response.text(); })
      .then(function (text) {
        const page = new DOMParser().parseFromString(text, "text/html");
        if (language) {
          document.documentElement.lang = page.documentElement.lang;
          document.title = page.title;
          document.querySelector("main").replaceWith(page.querySelector("main"));
          document.querySelector("[name=language][value=" + language + "]").focus();
          return;
        }
        // Only what is new is said by a screen reader.
        answer.replaceChildren(...page.getElementById("answer").childNodes);
        answer.removeAttribute("aria-busy");
        document.querySelector(".languages [name=code]").value = field.value;
      })
      .catch(function () {
        // Offline, say: the whole page is asked for, and the browser says what is wrong.
        field.form.submit();
      });
  }

  document.addEventListener("submit", function (event) {
    event.preventDefault();
    const code = document.getElementById("code").value.trim();
    if (code !== written()) history.replaceState(null, "", code ? "#" + encodeURIComponent(code) : location.pathname);
    ask(event.submitter && event.submitter.name === "language" ? event.submitter.value : "");
  });

  function scanned() {
    const code = written();
    if (!code) return;
    document.getElementById("code").value = code;
    ask("");
  }
  window.addEventListener("hashchange", scanned);
  scanned();
})();
