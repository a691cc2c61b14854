// The desk: reads codes with the camera, makes photos small before they travel, and says when
// the server does not answer. Without it the page is a form that works.
(function () {
  "use strict";

  var LONGEST = 1280;      // of a frame or photo, in pixels
  var PAUSE = 350;         // between two looks, in milliseconds
  var stream = null;

  function byId(id) { return document.getElementById(id); }

  function show(element, isShown) { if (element) { element.hidden = !isShown; } }

  function token() { return document.querySelector("[name=csrfmiddlewaretoken]").value; }

  function trouble(isShown) { show(byId("trouble"), isShown); }

  function submit(code) {
    byId("id_code").value = code;
    byId("desk-form").requestSubmit(byId("check"));
  }

  // --- pictures ---

  function small(source, width, height) {
    var scale = Math.min(1, LONGEST / Math.max(width, height));
    var canvas = document.createElement("canvas");
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
    canvas.getContext("2d").drawImage(source, 0, 0, canvas.width, canvas.height);
    return new Promise(function (done) { canvas.toBlob(done, "image/jpeg", 0.8); });
  }

  function readByServer(blob) {
    var body = new FormData();
    body.append("photo", blob, "frame.jpg");
    return fetch("/desk/read/", {
      method: "POST", body: body, credentials: "same-origin",
      headers: { "X-CSRFToken": token(), "HX-Request": "true" }
    }).then(function (answer) {
      if (answer.headers.get("HX-Redirect")) { location.href = answer.headers.get("HX-Redirect"); return ""; }
      if (answer.status === 403 || answer.status === 423) { location.reload(); return ""; }
      if (answer.status !== 200) { return ""; }
      return answer.json().then(function (found) { return found.code || ""; });
    });
  }

  function afterHash(text) {
    if (!/^https?:\/\//i.test(text)) { return text; }
    try { return decodeURIComponent(text.split("#")[1] || ""); } catch (_) { return ""; }
  }

  // --- the camera ---

  function detector() {
    if (!("BarcodeDetector" in window)) { return Promise.resolve(null); }
    return window.BarcodeDetector.getSupportedFormats().then(function (formats) {
      var wanted = ["qr_code", "code_128", "pdf417"].filter(function (name) { return formats.indexOf(name) !== -1; });
      return wanted.length ? new window.BarcodeDetector({ formats: wanted }) : null;
    }).catch(function () { return null; });
  }

  function look(video, eyes) {
    if (!video.videoWidth) { return Promise.resolve(""); }
    if (eyes) {
      return eyes.detect(video).then(function (found) { return found.length ? afterHash(found[0].rawValue) : ""; });
    }
    return small(video, video.videoWidth, video.videoHeight).then(readByServer);
  }

  function stop() {
    if (stream) { stream.getTracks().forEach(function (track) { track.stop(); }); }
    stream = null;
    show(byId("camera"), false);
  }

  function watch(video, eyes) {
    if (!stream) { return; }
    look(video, eyes).then(function (code) {
      trouble(false);
      if (!stream) { return; }
      if (code) { stop(); submit(code); return; }
      setTimeout(watch, PAUSE, video, eyes);
    }).catch(function () {
      trouble(true);
      setTimeout(watch, 4 * PAUSE, video, eyes);
    });
  }

  function start() {
    var video = document.querySelector("#camera video");
    navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment", width: { ideal: 1280 } } })
      .then(function (found) {
        stream = found;
        video.srcObject = found;
        show(byId("camera"), true);
        byId("stop").focus();
        return video.play();
      })
      .then(detector)
      .then(function (eyes) { watch(video, eyes); })
      .catch(function () { stop(); byId("id_photo").click(); });
  }

  // --- the page ---

  function follow(form) {
    if (navigator.mediaDevices && navigator.mediaDevices.getUserMedia) {
      show(byId("scan"), true);
      byId("scan").addEventListener("click", start);
      byId("stop").addEventListener("click", function () { stop(); byId("scan").focus(); });
    }
    var photo = byId("id_photo");
    photo.addEventListener("change", function () {
      if (!photo.files.length) { return; }
      var file = photo.files[0];
      createImageBitmap(file).then(function (picture) {
        return small(picture, picture.width, picture.height);
      }).then(function (blob) {
        var smaller = new DataTransfer();
        smaller.items.add(new File([blob], "photo.jpg", { type: "image/jpeg" }));
        photo.files = smaller.files;
      }).catch(function () { /* the server says what is wrong with it */ }).then(function () {
        form.requestSubmit(byId("check"));
      });
    });
    show(byId("more-goods"), true);
    byId("more-goods").addEventListener("click", function () {
      var rows = form.querySelectorAll(".goods:not(.head)");
      var row = rows[rows.length - 1].cloneNode(true);
      row.querySelectorAll("input").forEach(function (input) { input.value = ""; });
      rows[rows.length - 1].after(row);
      row.querySelector("input").focus();
    });
    // An answer is about what was sent; once something else is typed it may not be redeemed.
    form.addEventListener("input", function (event) {
      if (event.target === photo) { return; }
      var card = document.querySelector("#answer .card");
      var button = document.querySelector("#redeem-form button");
      if (card) { card.classList.add("stale"); }
      if (button) { button.disabled = true; }
    });
  }

  document.addEventListener("htmx:beforeRequest", function () { trouble(false); });
  document.addEventListener("htmx:afterSwap", function (event) {
    if (event.detail.target.id !== "answer") { return; }
    byId("id_photo").value = "";
    byId("answer").focus({ preventScroll: true });
    byId("answer").scrollIntoView({ block: "start" });
  });
  document.addEventListener("htmx:responseError", function (event) {
    // Logged in anew elsewhere: the page is too old, and what was typed is kept.
    if (event.detail.xhr.status === 403) { location.reload(); return; }
    trouble(true);
  });
  ["htmx:sendError", "htmx:timeout"].forEach(function (name) {
    document.addEventListener(name, function () { trouble(true); });
  });

  document.addEventListener("DOMContentLoaded", function () {
    if (byId("desk-form")) { follow(byId("desk-form")); }
    if ("serviceWorker" in navigator) {
      navigator.serviceWorker.register(document.body.dataset.worker).catch(function () { /* not over plain http */ });
    }
  });
})();
