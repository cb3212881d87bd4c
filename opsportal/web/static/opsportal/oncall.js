// Draws who is on call as bars, a row for each role, for eyes and mouse. The table below says the same to
// everybody else, so that the drawing is hidden from readers of the screen and from the Tab key.
(() => {
  "use strict";
  const place = document.getElementById("op-oncall");
  const data = document.getElementById("op-oncall-entries");
  if (!place || !data || !window.EventCalendar || window.matchMedia("(max-width: 40rem)").matches) return;
  const { resources, events } = JSON.parse(data.textContent);
  if (!resources.length) return;
  const name = ({ event }) => {
    const node = document.createElement("span");
    node.className = "op-oncall-name";
    node.textContent = event.title;
    node.title = event.title;
    return { domNodes: [node] };
  };
  const month = place.dataset.view === "month";
  place.hidden = false;
  window.EventCalendar.create(place, {
    view: month ? "resourceTimelineMonth" : "resourceTimelineWeek",
    date: place.dataset.date,
    locale: "en-GB",
    resources,
    events,
    eventContent: name,
    headerToolbar: { start: "", center: "", end: "" },
    firstDay: 1,
    slotDuration: month ? { days: 1 } : "06:00",
    slotWidth: month ? 40 : 30,
    nowIndicator: false,
    editable: false,
    slotLabelFormat: { hour: "2-digit", hourCycle: "h23" },
  });
})();
