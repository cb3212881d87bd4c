/* The agenda by keyboard: j and k move between the cards, a, r, x and q lead to the vote of the focused card.
   The keys work while a card has the focus and nobody types; they can be switched off. */
(() => {
  "use strict";
  const agenda = document.querySelector("[data-op-agenda]");
  if (!agenda) return;
  const setting = document.querySelector("[data-op-keys]");
  const kept = "opsportal.agenda-keys";
  const enabled = () => window.localStorage.getItem(kept) !== "off";
  if (setting) {
    setting.checked = enabled();
    setting.addEventListener("change", () => window.localStorage.setItem(kept, setting.checked ? "on" : "off"));
  }
  const cards = () => Array.from(agenda.querySelectorAll(".op-card"));
  const focused = () => document.activeElement && document.activeElement.closest(".op-card");
  const move = (step) => {
    const all = cards();
    const place = all.indexOf(focused());
    const next = all[Math.min(all.length - 1, Math.max(0, place + step))];
    if (next) {
      next.focus();
      next.scrollIntoView({ block: "start" });
    }
  };
  const decisions = { a: "approve", r: "reject", x: "abstain", c: "recuse", q: "ask" };
  const vote = (decision) => {
    const card = focused();
    const button = card && card.querySelector(`.op-vote button[value="${decision}"]`);
    if (!button) return;
    card.querySelectorAll(".op-vote button").forEach((one) => one.classList.toggle("op-chosen", one === button));
    const words = button.form.querySelector("textarea");
    if (decision === "approve" || decision === "abstain") button.focus();
    else words.focus();
  };
  const types = (element) => element.matches("input, textarea, select, [contenteditable]");
  document.addEventListener("keydown", (event) => {
    if (!enabled() || event.ctrlKey || event.metaKey || event.altKey) return;
    if (types(event.target)) {
      if (event.key === "Escape" && focused()) focused().focus();
      return;
    }
    const inAgenda = focused() !== null || document.activeElement === document.body;
    if (!inAgenda) return;
    if (event.key === "j") move(1);
    else if (event.key === "k") move(-1);
    else if (decisions[event.key] && focused()) vote(decisions[event.key]);
    else return;
    event.preventDefault();
  });
  /* What is typed is sent by Ctrl+Enter with the decision that was chosen by its key. */
  agenda.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || !event.target.matches(".op-vote textarea")) return;
    const chosen = event.target.form.querySelector(".op-chosen");
    if (chosen) chosen.click();
  });
})();
