// Draws month and week from the entries that the page carries, for eyes and mouse. The list below says the
// same to everybody else, so that the drawing is hidden from readers of the screen and from the Tab key.
(() => {
  "use strict";
  const place = document.getElementById("op-calendar");
  const data = document.getElementById("op-calendar-entries");
  if (!place || !data || !window.EventCalendar) return;
  const link = ({ event }) => {
    const node = document.createElement("a");
    node.href = event.extendedProps.url;
    node.tabIndex = -1;
    node.className = "op-cal-link";
    node.textContent = event.title;
    node.title = event.title;
    return { domNodes: [node] };
  };
  const events = JSON.parse(data.textContent).map(({ url, ...event }) => ({ ...event, extendedProps: { url } }));
  place.hidden = false;
  document.getElementById("op-calendar-same").hidden = false;
  window.EventCalendar.create(place, {
    view: place.dataset.view === "week" ? "timeGridWeek" : "dayGridMonth",
    date: place.dataset.date,
    locale: "en-GB",
    events,
    eventContent: link,
    headerToolbar: { start: "", center: "", end: "" },
    firstDay: 1,
    // Maintenance is at night, and what began on an earlier day has its title at midnight.
    scrollTime: "00:00:00",
    height: place.dataset.view === "week" ? "40rem" : undefined,
    dayMaxEvents: false,
    nowIndicator: false,
    editable: false,
    slotLabelFormat: { hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
  });
})();
