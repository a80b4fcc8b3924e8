// Data forms: asks the server what is asked, computed or unusual while values are typed. The page
// works without it; the server decides again when the form is saved.
(function () {
  "use strict";
  document.querySelectorAll("form[data-check]").forEach(function (form) {
    var timer = 0;
    var turn = 0;
    var prefix = form.dataset.capture;

    function holds(wrapper) {
      return Array.prototype.some.call(wrapper.querySelectorAll("input, textarea"), function (field) {
        return field.type === "radio" ? field.checked && field.value !== "" : field.value.trim() !== "";
      });
    }

    function show(answer) {
      form.querySelectorAll("[data-item]").forEach(function (wrapper) {
        var item = wrapper.dataset.item;
        if ("conditional" in wrapper.dataset) {
          // what holds something stays in sight: nothing typed disappears
          wrapper.hidden = answer.asked.indexOf(item) < 0 && !holds(wrapper);
        }
        if (item in answer.derived) {
          var field = form.elements[prefix + item];
          if (field && field.readOnly) { field.value = answer.derived[item]; }
        }
        var words = answer.faults[item] || answer.doubts[item] || "";
        var said = wrapper.querySelector("[data-doubt]");
        var shown = wrapper.querySelector(".field.wrong");
        said.textContent = words;
        said.hidden = !words || Boolean(shown && answer.faults[item]);
      });
    }

    function ask() {
      var mine = ++turn;
      fetch(form.dataset.check, {
        method: "POST",
        body: new URLSearchParams(new FormData(form)),
        credentials: "same-origin"
      }).then(function (response) {
        if (!response.ok || mine !== turn) { return null; }
        return response.json();
      }).then(function (answer) {
        if (answer && mine === turn) { show(answer); }
      }).catch(function () { /* offline: the server decides when the form is saved */ });
    }

    form.addEventListener("input", function () {
      window.clearTimeout(timer);
      timer = window.setTimeout(ask, 400);
    });
    form.addEventListener("change", function () {
      window.clearTimeout(timer);
      timer = window.setTimeout(ask, 50);
    });
  });
})();
