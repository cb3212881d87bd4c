/* Names of people, teams and boards to choose from while somebody writes @ and a name. Without it, one writes the name out. */
(() => {
  "use strict";
  const PATTERN = /(?:^|[^\p{L}\p{N}_@])@([\p{L}\p{N}][\p{L}\p{N}.'’-]*(?: [\p{L}\p{N}.'’-]*)?)$/u;
  const WAIT = 150;
  const live = document.getElementById("op-live");

  const attach = (box, number) => {
    const list = document.createElement("ul");
    list.id = `op-mentions-${number}`;
    list.className = "op-mentions";
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", "People to mention, teams and boards");
    list.hidden = true;
    box.after(list);
    box.setAttribute("aria-autocomplete", "list");
    box.setAttribute("aria-controls", list.id);
    let timer = 0;
    let asked = "";
    let chosen = -1;

    const close = () => {
      list.hidden = true;
      list.replaceChildren();
      chosen = -1;
      box.removeAttribute("aria-activedescendant");
    };
    const written = () => {
      const found = PATTERN.exec(box.value.slice(0, box.selectionStart));
      return found ? found[1] : "";
    };
    const choose = (place) => {
      const all = Array.from(list.children);
      chosen = (place + all.length) % all.length;
      all.forEach((one, index) => one.setAttribute("aria-selected", String(index === chosen)));
      box.setAttribute("aria-activedescendant", all[chosen].id);
      all[chosen].scrollIntoView({ block: "nearest" });
    };
    const take = (option) => {
      const end = box.selectionStart;
      const start = end - written().length;
      box.setRangeText(`${option.dataset.insert} `, start, end, "end");
      close();
      box.focus();
    };
    const show = (people) => {
      close();
      if (!people.length || document.activeElement !== box) return;
      people.forEach((person, index) => {
        const option = document.createElement("li");
        option.id = `${list.id}-${index}`;
        option.setAttribute("role", "option");
        option.dataset.insert = person.insert;
        option.textContent = person.name;
        option.addEventListener("mousedown", (event) => {
          event.preventDefault();
          take(option);
        });
        list.append(option);
      });
      list.hidden = false;
      choose(0);
      if (live) live.textContent = `${people.length} to choose from; arrows, then Enter.`;
    };
    const ask = async () => {
      const words = written();
      asked = words;
      if (!words) return close();
      const address = `${box.dataset.opMentions}?q=${encodeURIComponent(words)}`;
      try {
        const answer = await fetch(address, { credentials: "same-origin", headers: { Accept: "application/json" } });
        const found = answer.ok ? await answer.json() : { people: [] };
        if (words === asked && words === written()) show(found.people);
      } catch {
        close();
      }
    };
    box.addEventListener("input", () => {
      window.clearTimeout(timer);
      if (!written()) return close();
      timer = window.setTimeout(ask, WAIT);
    });
    box.addEventListener("blur", close);
    box.addEventListener("keydown", (event) => {
      if (list.hidden) return;
      if (event.key === "ArrowDown") choose(chosen + 1);
      else if (event.key === "ArrowUp") choose(chosen - 1);
      else if ((event.key === "Enter" || event.key === "Tab") && !event.shiftKey) take(list.children[chosen]);
      else if (event.key === "Escape") close();
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
  };
  document.querySelectorAll("textarea[data-op-mentions]").forEach(attach);
})();
