// Small things that pages do by themselves. Every page works without this file.
(function () {
  "use strict";

  // Enter in a field never submits a data form by accident; buttons and text areas keep their Enter.
  document.addEventListener("keydown", function (event) {
    var at = event.target;
    if (event.key === "Enter" && at.matches && at.matches("form[data-deliberate] input:not([type=submit])")) {
      event.preventDefault();
    }
  });

  // A list of errors or of reasons for a refusal is read first.
  var first = document.querySelector("#errors, #refusal");
  if (first) { first.focus(); }

  // Pressing twice sends once.
  document.addEventListener("submit", function (event) {
    var form = event.target;
    if (!form.matches("form[method=post]") || event.defaultPrevented) { return; }
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "1";
    window.setTimeout(function () { delete form.dataset.sent; }, 8000);
  });
  window.addEventListener("pageshow", function () {
    document.querySelectorAll("form[data-sent]").forEach(function (form) { delete form.dataset.sent; });
  });

  // One box ticks all of a list.
  document.querySelectorAll("input[data-all]").forEach(function (all) {
    all.hidden = false;
    all.addEventListener("change", function () {
      all.form.querySelectorAll("input[name=" + all.dataset.all + "]").forEach(function (one) { one.checked = all.checked; });
    });
  });

  // A page that is also a card offers the printer.
  document.querySelectorAll("[data-print]").forEach(function (button) {
    button.hidden = false;
    button.addEventListener("click", function () { window.print(); });
  });

  // Typed values are not left behind unasked.
  var touched = false;
  document.addEventListener("input", function (event) {
    if (event.target.closest && event.target.closest("form[data-deliberate]")) { touched = true; }
  });
  document.addEventListener("submit", function () { touched = false; });
  window.addEventListener("beforeunload", function (event) { if (touched) { event.preventDefault(); } });

  // Clocks count down from the trial's own now (virtual in a rehearsal):
  // <time data-due="2026-03-14T09:12:00Z" data-now="…" data-left="{h} h {m} min left" data-over="…">.
  var opened = Date.now();
  function count() {
    document.querySelectorAll("time[data-due]").forEach(function (clock) {
      var now = Date.parse(clock.dataset.now) + Date.now() - opened;
      var left = Math.floor((Date.parse(clock.dataset.due) - now) / 60000);
      var over = left < 0;
      var minutes = Math.abs(left);
      var words = over ? clock.dataset.over : clock.dataset.left;
      if (words) {
        clock.textContent = words.replace("{h}", Math.floor(minutes / 60)).replace("{m}", String(minutes % 60).padStart(2, "0"));
      }
    });
  }
  if (document.querySelector("time[data-due]")) { count(); window.setInterval(count, 30000); }

  // The timeline reads one day aloud: a slider over the plot whose words come from the table below it.
  document.querySelectorAll("[data-timeline]").forEach(function (figure) {
    var over = figure.querySelector(".over");
    var plot = figure.querySelector(".plot");
    var output = figure.querySelector("[data-reading]");
    var table = figure.querySelector("table[data-days]");
    var svg = over && over.querySelector("svg");
    if (!svg || !output || !table) { return; }
    var start = Date.parse(figure.dataset.start + "T00:00:00Z");
    var step = parseFloat(figure.dataset.step);
    var last = parseInt(figure.dataset.days, 10) - 1;
    var now = Math.min(last, Math.max(0, parseInt(figure.dataset.today, 10)));
    var heads = Array.prototype.map.call(table.tHead.rows[0].cells, function (cell) { return cell.textContent.trim(); });
    var rows = {};
    Array.prototype.forEach.call(table.tBodies[0].rows, function (row) { rows[row.dataset.day] = row; });
    var reader = document.createElement("div");
    reader.className = "read";
    reader.tabIndex = 0;
    reader.setAttribute("role", "slider");
    reader.setAttribute("aria-label", figure.dataset.label);
    reader.setAttribute("aria-valuemin", "0");
    reader.setAttribute("aria-valuemax", String(last));
    var line = document.createElementNS("http://www.w3.org/2000/svg", "line");
    line.setAttribute("class", "cursor");
    line.setAttribute("y1", "0");
    line.setAttribute("y2", svg.getAttribute("height"));
    line.setAttribute("visibility", "hidden");
    svg.appendChild(line);
    over.appendChild(reader);
    plot.removeAttribute("tabindex");

    function read(day, aloud) {
      now = Math.min(last, Math.max(0, day));
      var date = new Date(start + now * 86400000).toISOString().slice(0, 10);
      var row = rows[date];
      var parts = [];
      if (row) {
        for (var i = 1; i < row.cells.length; i += 1) {
          var words = row.cells[i].textContent.trim();
          if (words) { parts.push(heads[i] + ": " + words); }
        }
      }
      var name = row ? row.cells[0].textContent.trim() : date;
      var text = name + ". " + (parts.length ? parts.join("; ") : figure.dataset.nothing) + ".";
      var x = String((now + 0.5) * step);
      line.setAttribute("x1", x);
      line.setAttribute("x2", x);
      line.setAttribute("visibility", "visible");
      reader.setAttribute("aria-valuenow", String(now));
      reader.setAttribute("aria-valuetext", text);
      output.textContent = text;
      if (aloud && plot) {
        var at = (now + 0.5) * step;
        if (at < plot.scrollLeft + 24) { plot.scrollLeft = at - 48; }
        if (at > plot.scrollLeft + plot.clientWidth - 24) { plot.scrollLeft = at - plot.clientWidth + 48; }
      }
    }
    function point(event) {
      read(Math.floor((event.clientX - over.getBoundingClientRect().left) / step), false);
    }
    reader.addEventListener("pointermove", point);
    reader.addEventListener("pointerdown", point);
    reader.addEventListener("focus", function () { read(now, true); });
    reader.addEventListener("keydown", function (event) {
      var moves = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageUp: 7, PageDown: -7, Home: -last - 1, End: last + 1 };
      if (event.key in moves) { event.preventDefault(); read(now + moves[event.key], true); }
    });
    reader.setAttribute("aria-valuenow", String(now));
    if (plot) { plot.scrollLeft = Math.max(0, now * step - plot.clientWidth * 0.7); }
  });
})();
