// Follows a run at work: asks for its state once a second, and shows the report when it has ended.
"use strict";
(() => {
  const live = document.getElementById("live");
  const stages = document.querySelectorAll(".flow li");
  const bar = live.querySelector("progress");
  const told = live.querySelector("[role=status]");
  const set = (node, text) => { if (node && node.textContent !== text) node.textContent = text; };

  async function look() {
    try {
      const response = await fetch(`/runs/${live.dataset.run}/live`, { cache: "no-store" });
      if (!response.ok) throw new Error(response.status);
      const now = await response.json();
      if (!now.running) { location.replace(location.pathname); return; } // Without what was said when it started.
      bar.value = now.ended;
      set(told, now.headline);
      set(document.querySelector("h1"), now.headline);
      now.stages.forEach((stage, i) => {
        const item = stages[i];
        if (!item) return;
        item.className = stage.state;
        set(item.querySelector(".mark"), stage.glyph);
        set(item.querySelector(".state"), stage.text);
      });
    } catch (error) {
      set(told, "The server does not answer; is `retrain ui` still running? Trying again.");
    }
    setTimeout(look, 1000);
  }
  setTimeout(look, 1000);
})();
