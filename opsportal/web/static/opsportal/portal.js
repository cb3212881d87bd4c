/* What pages do beyond plain HTML. Everything works without it, with one more click. */
(() => {
  "use strict";
  const root = document.documentElement;

  /* Navigation on a phone */
  const menuButton = document.querySelector(".op-menu-button");
  const showNavigation = (open) => {
    menuButton.setAttribute("aria-expanded", String(open));
    document.body.classList.toggle("op-nav-open", open);
  };
  if (menuButton) {
    menuButton.addEventListener("click", () => showNavigation(menuButton.getAttribute("aria-expanded") !== "true"));
  }

  /* Menus close by Escape and by a click or Tab elsewhere */
  const openMenus = () => document.querySelectorAll("details.op-menu[open]");
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      openMenus().forEach((menu) => {
        menu.open = false;
        menu.querySelector("summary").focus();
      });
      if (menuButton && menuButton.getAttribute("aria-expanded") === "true") {
        showNavigation(false);
        menuButton.focus();
      }
    }
    if (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey) {
      const search = document.getElementById("op-search");
      if (search && search.offsetParent !== null) {
        event.preventDefault();
        search.focus();
        search.select();
      }
    }
  });
  const closeOthers = (event) =>
    openMenus().forEach((menu) => {
      if (!menu.contains(event.target)) menu.open = false;
    });
  document.addEventListener("click", closeOthers);
  document.addEventListener("focusin", closeOthers);

  /* Light and dark without a new page */
  document.querySelectorAll("[data-op-themes]").forEach((form) => {
    form.addEventListener("submit", (event) => {
      const theme = event.submitter && event.submitter.value;
      if (!theme) return;
      event.preventDefault();
      const body = new FormData(form);
      body.set("theme", theme);
      fetch(form.action, { method: "POST", body, redirect: "manual", credentials: "same-origin" });
      root.dataset.opTheme = theme;
      root.dispatchEvent(new Event("op:theme"));
      form.querySelectorAll("button").forEach((button) => button.setAttribute("aria-pressed", String(button.value === theme)));
      const menu = form.closest("details");
      menu.open = false;
      menu.querySelector("summary").focus();
    });
  });

  /* Steps that ask again; a form is sent once, however often its button is pressed */
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.dataset.opConfirm && !window.confirm(form.dataset.opConfirm)) {
      event.preventDefault();
      return;
    }
    if (event.defaultPrevented || form.method !== "post" || form.hasAttribute("hx-post")) return;
    if (form.dataset.opSent) {
      event.preventDefault();
      return;
    }
    form.dataset.opSent = "yes";
  });
  window.addEventListener("pageshow", () => document.querySelectorAll("[data-op-sent]").forEach((form) => delete form.dataset.opSent));

  /* A filter takes effect when it is chosen */
  document.addEventListener("change", (event) => {
    const form = event.target.closest("form[data-op-autosubmit]");
    if (form && event.target.matches("select, input[type=checkbox], input[type=radio]")) form.requestSubmit();
  });

  /* A long list of choices shows only what fits the letters typed */
  document.addEventListener("input", (event) => {
    if (!event.target.matches("[data-op-filter]")) return;
    const wanted = event.target.value.trim().toLowerCase();
    event.target.closest("fieldset").querySelectorAll("label").forEach((label) => {
      label.hidden = wanted !== "" && !label.textContent.toLowerCase().includes(wanted);
    });
  });

  /* A page that answers a POST stands at the address that can be loaded again */
  const placed = document.querySelector("form[data-op-address]");
  if (placed) window.history.replaceState(null, "", placed.dataset.opAddress);

  /* Focus goes to what needs attention: on a new page, and after a fragment came in */
  const attend = (scope) => {
    const wanted = scope.matches && scope.matches("[data-op-focus]") ? scope : scope.querySelector("[data-op-focus]");
    if (wanted) wanted.focus();
  };
  attend(document);
  const live = document.getElementById("op-live");
  document.body.addEventListener("htmx:load", (event) => attend(event.detail.elt));
  document.body.addEventListener("op:said", (event) => {
    if (live) live.textContent = event.detail.value || "";
  });
  document.body.addEventListener("htmx:sendError", () => {
    const notices = document.getElementById("notices");
    if (!notices) return;
    const notice = document.createElement("div");
    notice.className = "op-notice op-tone-bad";
    notice.textContent = "The portal did not answer. Nothing was changed. Check the connection, then try again.";
    notices.replaceChildren(notice);
  });
})();
